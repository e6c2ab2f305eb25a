"""Python files compiled for a board: what mpremote or a flash image then carries there."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tjugo.device.toolchain import mpy_cross_program, run

# mpy-cross -march by processor. Bytecode is the same for all of them; native code is not.
CORTEX_M3 = "armv7m"
CORTEX_M0_PLUS = "armv6m"
ESP32 = "xtensawin"


def compile_file(
    path: Path,
    shown_as: str,
    arch: str = CORTEX_M3,
    emit: str = "bytecode",
) -> bytes:
    """The .mpy of one file. emit: "bytecode" or "native". shown_as: its name in a traceback.

    Raises TjugoError with the compiler's message when it does not compile.
    """
    with tempfile.TemporaryDirectory(prefix="tjugo-mpy-") as folder:
        out = Path(folder) / "out.mpy"
        options = [f"-march={arch}", "-s", shown_as, "-X", f"emit={emit}", "-o", str(out)]
        run([str(mpy_cross_program()), *options, "--", str(path)])
        return out.read_bytes()


def compile_packages(
    packages: Iterable[Path],
    arch: str = CORTEX_M3,
    native: Iterable[str] = (),
) -> dict[str, bytes]:
    """The .mpy of every Python file in some package folders, by its path on the board.

    native: the modules, named like "sts_portable/sta", that are compiled to machine code.
    """
    native = set(native)
    files = {}
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            module = str(path.relative_to(package.parent).with_suffix(""))
            emit = "native" if module in native else "bytecode"
            files[f"{module}.mpy"] = compile_file(path, f"{module}.py", arch, emit)
    return files
