"""Python files compiled for a board, to be copied by mpremote or put into a flash image."""

import ast
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import mpy_cross_program

# mpy-cross -march by processor. Bytecode is the same for all of them; native code is not.
CORTEX_M3 = "armv7m"
CORTEX_M0_PLUS = "armv6m"
ESP32 = "xtensawin"

# The rounds of the ciphers as machine code, wherever they are deployed: for 2 KB of heap, a token
# is decoded five times as fast. They keep to what the compiler for "viper" supports, and give the
# same answers as bytecode.
ROUNDS = {
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


_PRIVATE_CONSTANT = re.compile(r"_[A-Z][A-Z0-9_]*")


def with_constants(source: str, shown_as: str = "<source>") -> str:
    """Return the source with the module's private constants marked as const(), lines kept.

    The compiler then writes the value where the name is read, and the name takes no memory:
    numbers, and texts and tuples that are read in one place. A function const() for CPython is
    left out. A source that is not Python's is returned as it is, for the compiler's message.
    """
    try:
        tree = ast.parse(source, shown_as)
    except SyntaxError:
        return source
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
    read = Counter(node.id for node in names if isinstance(node.ctx, ast.Load))
    lines = [line.encode() for line in source.split("\n")]  # columns count bytes
    known: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Try) and _defines_const(node):
            end = node.end_lineno or node.lineno
            lines[node.lineno - 1 : end] = [b""] * (end - node.lineno + 1)
        name = _constant(node)
        if not name or stored[name] != 1:
            continue
        value = node.value  # type: ignore[attr-defined]
        if _is_number(value, known):
            known.add(name)
        elif read[name] != 1 or not _is_literal(value):
            continue
        for line, column, mark in (
            (value.end_lineno, value.end_col_offset, b")"),
            (value.lineno, value.col_offset, b"const("),
        ):
            text = lines[line - 1]
            lines[line - 1] = text[:column] + mark + text[column:]
    return b"\n".join(lines).decode()


def _defines_const(node: ast.Try) -> bool:
    """Return whether a statement imports const(), or defines it where it is missing."""
    return any(
        isinstance(one, ast.ImportFrom) and one.names[0].name == "const" for one in node.body
    )


def _constant(node: ast.stmt) -> str:
    """Return the name of a private constant that a statement sets, "" if it sets none."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return ""
    target = node.targets[0]
    found = isinstance(target, ast.Name) and _PRIVATE_CONSTANT.fullmatch(target.id)
    return target.id if found else ""  # type: ignore[attr-defined]


def _is_number(value: ast.expr, known: set[str]) -> bool:
    """Return whether an expression is an integer that the compiler can compute."""
    if isinstance(value, ast.Constant):
        return type(value.value) is int
    if isinstance(value, ast.Name):
        return value.id in known
    if isinstance(value, ast.BinOp):
        return all(_is_number(part, known) for part in (value.left, value.right))
    return isinstance(value, ast.UnaryOp) and _is_number(value.operand, known)


def _is_literal(value: ast.expr) -> bool:
    """Return whether an expression is a text, bytes, or a tuple of these and of integers."""
    if isinstance(value, ast.Tuple):
        return all(_is_literal(part) or _is_number(part, set()) for part in value.elts)
    return isinstance(value, ast.Constant) and isinstance(value.value, str | bytes)


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
