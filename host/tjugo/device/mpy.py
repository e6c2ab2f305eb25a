"""Python files compiled for a board, to be copied by mpremote or put into a flash image."""

import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tjugo.device.constants import with_constants
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import mpy_cross_program

# mpy-cross -march by processor. Bytecode is the same for all of them; native code is not.
CORTEX_M3 = "armv7m"
CORTEX_M0_PLUS = "armv6m"
ESP32 = "xtensawin"

# The rounds of the ciphers and the CRC of the bus as machine code, wherever they are deployed: for
# 3 KB of heap, a token is decoded five times as fast, and a poll costs a quarter less. They keep
# to what the compiler for "viper" supports, and give the same answers as bytecode.
ROUNDS = {
    "meterbus/crc": "viper",
    "sts_portable/crc": "viper",
    "sts_portable/packed": "viper",
    "sts_portable/sta_rounds": "viper",
}
# The whole token decoder as machine code, three to four times as large as bytecode.
MACHINE_CODE = {
    **ROUNDS,
    "sts_portable/decoder": "native",
    "sts_portable/misty1": "native",
    "sts_portable/sta": "native",
    "sts_portable/token": "native",
}


def compile_file(
    path: Path,
    module: str,
    arch: str = CORTEX_M3,
    emit: str = "bytecode",
) -> bytes:
    """Return the .mpy of one file. emit: "bytecode", "native" or "viper"; module: its name.

    Tracebacks show the name of the module, which a board has in memory anyhow, not a path.

    Raise TjugoError with the compiler's message when it does not compile.
    """
    return _compiled(path.read_text(), module, arch, emit)


@cache
def _compiled(source: str, module: str, arch: str, emit: str) -> bytes:
    """Compile a source; the result is cached."""
    with tempfile.TemporaryDirectory(prefix="tjugo-mpy-") as folder:
        path, out = Path(folder) / "in.py", Path(folder) / "out.mpy"
        path.write_text(with_constants(source, module))
        options = [f"-march={arch}", "-s", module, "-X", f"emit={emit}", "-o", str(out)]
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
            name = module.replace("/", ".").removesuffix(".__init__")
            files[f"{module}.mpy"] = compile_file(path, name, arch, how)
    return files
