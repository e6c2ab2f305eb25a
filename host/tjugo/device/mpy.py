"""Python files compiled for a board, to be copied by mpremote or put into a flash image."""

import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import mpy_cross_program

# mpy-cross -march by processor. Bytecode is the same for all of them; native code is not.
CORTEX_M3 = "armv7m"
CORTEX_M0_PLUS = "armv6m"
ESP32 = "xtensawin"

# The token decoder as machine code. The modules for "viper" keep to what that compiler supports,
# and give the same answers as bytecode. Machine code is three to four times as large: modules in
# which little time is spent stay bytecode.
MACHINE_CODE = {
    "sts_portable/crc": "viper",
    "sts_portable/packed": "viper",
    "sts_portable/sta_rounds": "viper",
    "sts_portable/decoder": "native",
    "sts_portable/misty1": "native",
    "sts_portable/sta": "native",
    "sts_portable/token": "native",
}


def compile_file(
    path: Path,
    shown_as: str,
    arch: str = CORTEX_M3,
    emit: str = "bytecode",
) -> bytes:
    """Return the .mpy of one file. emit: "bytecode", "native" or "viper"; shown_as: name in
    tracebacks.

    Raise TjugoError with the compiler's message when it does not compile.
    """
    return _compiled(path, path.read_bytes(), shown_as, arch, emit)


@cache
def _compiled(path: Path, _content: bytes, shown_as: str, arch: str, emit: str) -> bytes:
    """Compile a file; the result is cached as long as the content is the same."""
    with tempfile.TemporaryDirectory(prefix="tjugo-mpy-") as folder:
        out = Path(folder) / "out.mpy"
        options = [f"-march={arch}", "-s", shown_as, "-X", f"emit={emit}", "-o", str(out)]
        run([str(mpy_cross_program()), *options, "--", str(path)])
        return out.read_bytes()


def compile_packages(
    packages: Iterable[Path],
    arch: str = CORTEX_M3,
    emit: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Return the .mpy of every Python file in some package folders, by its path on the board.

    emit: modules, named like "sts_portable/sta", that are not compiled to bytecode; MACHINE_CODE
    has those of the project for which it is worthwhile.
    """
    emit = emit or {}
    files = {}
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            module = str(path.relative_to(package.parent).with_suffix(""))
            how = emit.get(module, "bytecode")
            files[f"{module}.mpy"] = compile_file(path, f"{module}.py", arch, how)
    return files
