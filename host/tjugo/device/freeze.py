"""A manifest.py with which MicroPython's own build freezes a meter or collector into its firmware.

`tjugo freeze` prints it, `tjugo image` builds an image with it; docs/devices.md describes both.
"""

from pathlib import Path

from tjugo.device import targets
from tjugo.emulated.build_once import sha256
from tjugo.toolchain.tools import REPO

# The port's or board's own frozen modules, which the manifest must include.
_BASES = {
    "esp32": "$(PORT_DIR)/boards/manifest.py",
    "rp2": "$(PORT_DIR)/boards/manifest.py",
    "qemu-mps2": str(REPO / "boards" / "qemu_mps2" / "manifest.py"),
}
_OF_BOARD = dict.fromkeys(("rp2040_pico_w", "rp2350_pico2_w"), "$(BOARD_DIR)/manifest.py")


def manifest(board: targets.Target, role: str, base: str = "") -> str:
    """Return the text of manifest.py: every module of the role on this board, and main.py.

    base: lines for the port's own modules, instead of an include of its manifest. Raise
    TjugoError.
    """
    lines = [base or f'include("{_OF_BOARD.get(board.name, _BASES[board.platform])}")']
    for name, path in sorted(targets.modules(board, role).items()):
        inside = Path(*name.split("."))
        shown = inside / "__init__.py" if path.name == "__init__.py" else inside.with_suffix(".py")
        base_path = path.parents[len(shown.parts) - 1]
        lines.append(f'module("{shown}", base_path="{base_path}")')
    lines.append(f'module("{targets.MAIN}", base_path="{targets.main_file(role).parent}")')
    return "\n".join(lines) + "\n"


def inputs(board: targets.Target, role: str) -> dict[str, str]:
    """Return the SHA-256 of what manifest() freezes, by name. Raise TjugoError."""
    found = {name: sha256(path) for name, path in targets.modules(board, role).items()}
    return {**found, targets.MAIN: sha256(targets.main_file(role))}
