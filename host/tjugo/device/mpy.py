"""Python files compiled for a board, to be copied by mpremote or put into a flash image."""

import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tjugo.device.constants import with_constants
from tjugo.device.short_names import with_short_names
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import mpy_cross_program

# mpy-cross -march by processor. Bytecode is the same for all of them; native code is not.
CORTEX_M3 = "armv7m"
CORTEX_M0_PLUS = "armv6m"
ESP32 = "xtensawin"

# As machine code, wherever they are deployed: for a KB of heap, a poll costs a quarter less. They
# keep to what the compiler for "viper" supports, and give the same answers as bytecode.
EVERY_FRAME = {"meterbus/crc": "viper"}
# The whole token decoder as machine code, three to four times as large as bytecode: a token is
# decoded five times as fast. Bytecode is fast enough for a meter.
MACHINE_CODE = {
    **EVERY_FRAME,
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
    module: str,
    arch: str = CORTEX_M3,
    emit: str = "bytecode",
    closed: bool = False,
) -> bytes:
    """Return the .mpy of one file. emit: "bytecode", "native" or "viper"; module: its name.

    closed: all that reads the module is compiled by this, too; it needs no public numbers then.

    Tracebacks show the name of the module, which a board has in memory anyhow, not a path.

    Raise TjugoError with the compiler's message when it does not compile.
    """
    source = with_constants(path.read_text(), module, closed)
    return _compiled(with_short_names(source, module), module, arch, emit)


def compile_source(
    source: str, module: str, arch: str, emit: str, others: Mapping[str, str]
) -> bytes:
    """Return the .mpy of a source with its constants written out, of a program of which `others`
    has all modules. See compile_file(). Raise TjugoError."""
    return _compiled(with_short_names(source, module, others), module, arch, emit)


@cache
def _compiled(source: str, module: str, arch: str, emit: str) -> bytes:
    """Compile a source as it is; the result is cached."""
    with tempfile.TemporaryDirectory(prefix="tjugo-mpy-") as folder:
        path, out = Path(folder) / "in.py", Path(folder) / "out.mpy"
        path.write_text(source)
        options = [f"-march={arch}", "-s", module, "-X", f"emit={emit}", "-o", str(out)]
        run([str(mpy_cross_program()), *options, "--", str(path)])
        return out.read_bytes()


def compile_packages(
    packages: Iterable[Path],
    arch: str = CORTEX_M3,
    emit: Mapping[str, str] | None = None,
    closed: bool = False,
) -> dict[str, bytes]:
    """Return the .mpy of every Python file in some package folders, by its path on the board.

    emit: modules, named like "sts_portable/sta", that are not compiled to bytecode; MACHINE_CODE
    has those of the project for which it is worthwhile. closed: see compile_file().
    """
    emit = emit or {}
    files = {}
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            module = str(path.relative_to(package.parent).with_suffix(""))
            how = emit.get(module, "bytecode")
            name = module.replace("/", ".").removesuffix(".__init__")
            files[f"{module}.mpy"] = compile_file(path, name, arch, how, closed)
    return files
