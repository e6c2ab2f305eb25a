"""A manifest.py with which MicroPython's own build freezes a meter or collector into its firmware.

`tjugo freeze` prints it; docs/devices.md describes its use.
"""

from pathlib import Path

from tjugo.device import targets
from tjugo.toolchain.tools import REPO

# The port's or board's own frozen modules, which the manifest must include.
_BASES = {
    "esp32": "$(PORT_DIR)/boards/manifest.py",
    "rp2": "$(PORT_DIR)/boards/manifest.py",
    "qemu-mps2": str(REPO / "boards" / "qemu_mps2" / "manifest.py"),
}
_OF_BOARD = {"rp2040_pico_w": "$(BOARD_DIR)/manifest.py"}


def manifest(board: targets.Target, role: str) -> str:
    """Return the text of manifest.py: every module of the role on this board, and main.py. Raise
    TjugoError."""
    lines = [f'include("{_OF_BOARD.get(board.name, _BASES[board.platform])}")']
    for name, path in sorted(targets.modules(board, role).items()):
        inside = Path(*name.split("."))
        shown = inside / "__init__.py" if path.name == "__init__.py" else inside.with_suffix(".py")
        base = path.parents[len(shown.parts) - 1]
        lines.append(f'module("{shown}", base_path="{base}")')
    lines.append(f'module("{targets.MAIN}", base_path="{targets.main_file(role).parent}")')
    return "\n".join(lines) + "\n"
