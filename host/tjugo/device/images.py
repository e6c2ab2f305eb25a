"""Images of MicroPython with a meter or collector frozen into them."""

from pathlib import Path

from tjugo.device import freeze, targets
from tjugo.emulated import pico_build, qemu_build
from tjugo.emulated.build_once import Frozen, Progress
from tjugo.errors import TjugoError

# board -> its build, and the lines for the port's own modules if they are not in its manifest
_BUILDS = {
    "qemu_mps2": (qemu_build.firmware, ""),
    "rp2040_pico": (pico_build.firmware, pico_build.MANIFEST),
}


def image(board: targets.Target, role: str, progress: Progress = lambda line: None) -> Path:
    """Return the image of a board in a role, built if an input has changed. Raise TjugoError."""
    targets.preset(board, role)
    if board.name not in _BUILDS:
        raise TjugoError(
            f"An image for {board.name} is built with MicroPython's own tools: docs/devices.md "
            f"has the commands. Here it can be built for {' and '.join(_BUILDS)}.",
            status=2,
        )
    build, base = _BUILDS[board.name]
    manifest = freeze.manifest(board, role, base)
    return build(progress, Frozen(role, manifest, freeze.inputs(board, role)))
