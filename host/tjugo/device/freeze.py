"""A manifest.py with which MicroPython's own build freezes a meter or collector into its firmware.

`python -m tjugo.device.freeze --board rp2040_pico --role meter > manifest.py`; docs/devices.md
says what to do with it.
"""

import argparse
import sys
from pathlib import Path

from tjugo.device import targets
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

# What a port or board freezes by itself, and what this must not leave out.
_BASES = {
    "esp32": "$(PORT_DIR)/boards/manifest.py",
    "rp2": "$(PORT_DIR)/boards/manifest.py",
    "qemu-mps2": str(REPO / "boards" / "qemu_mps2" / "manifest.py"),
}
_OF_BOARD = {"rp2040_pico_w": "$(BOARD_DIR)/manifest.py"}


def manifest(board: targets.Target, role: str) -> str:
    """The text of manifest.py: every module of the role on this board, and main.py.

    Raises TjugoError.
    """
    lines = [f'include("{_OF_BOARD.get(board.name, _BASES[board.platform])}")']
    for name, path in sorted(targets.modules(board, role).items()):
        inside = Path(*name.split("."))
        shown = inside / "__init__.py" if path.name == "__init__.py" else inside.with_suffix(".py")
        base = path.parents[len(shown.parts) - 1]
        lines.append(f'module("{shown}", base_path="{base}")')
    lines.append(f'module("{targets.MAIN}", base_path="{targets.main_file(role).parent}")')
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tjugo.device.freeze", description=__doc__)
    parser.add_argument("--board", required=True, help=", ".join(targets.TARGETS))
    parser.add_argument("--role", required=True, help=", ".join(targets.ROLES))
    options = parser.parse_args(arguments)
    try:
        print(manifest(targets.target(options.board), options.role), end="")
    except TjugoError as error:
        print(error.message, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
