"""Images of MicroPython with a meter or collector frozen into them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tjugo.device import freeze, targets
from tjugo.emulated import pico_build, qemu_build
from tjugo.emulated.build_once import Frozen, Progress
from tjugo.errors import TjugoError

# board -> its build, and the lines for the port's own modules if they are not in its manifest
_BUILDS: dict[str, tuple[Callable[..., Path], str]] = {
    "qemu_mps2": (qemu_build.firmware, ""),
    "rp2040_pico": (pico_build.firmware, pico_build.MANIFEST),
    # Without the driver of the radio, which Debian does not have: for a meter only.
    "rp2350_pico2_w": (partial(pico_build.firmware, board=pico_build.PICO_2), pico_build.MANIFEST),
}
_WITHOUT_RADIO = ("rp2350_pico2_w",)


def image(board: targets.Target, role: str, progress: Progress = lambda line: None) -> Path:
    """Return the image of a board in a role, built if an input has changed. Raise TjugoError."""
    targets.preset(board, role)
    if board.name not in _BUILDS or (role == "collector" and board.name in _WITHOUT_RADIO):
        raise TjugoError(
            f"A {role}'s image for {board.name} is built with MicroPython's own tools: "
            "docs/devices.md has the commands. Here a meter's can be built for "
            f"{', '.join(_BUILDS)}.",
            status=2,
        )
    build, base = _BUILDS[board.name]
    manifest = freeze.manifest(board, role, base)
    return build(progress, Frozen(f"{board.name}-{role}", manifest, freeze.inputs(board, role)))
