"""A board for tests of deployment and provisioning: a folder, and MicroPython that runs there.

Code sent to the board is run by the unix port; power can be cut at any change of a file.
"""

import subprocess
from pathlib import Path

from tjugo.device.remote import BoardError, Remote
from tjugo.errors import TjugoError

# Stands before MicroPython's own os: after so many changes of files the power is cut.
_OS = """\
from uos import *
import uos, sys
_left = [int(getenv("CHANGES") or 1000000)]
def _spend():
    if not _left[0]:
        sys.exit(77)
    _left[0] -= 1
def rename(a, b):
    _spend()
    uos.rename(a, b)
def remove(a):
    uos.stat(a)
    _spend()
    uos.remove(a)
def statvfs(path):
    return (512, 512, 0, int(getenv("FREE_BLOCKS") or 100000), 0, 0, 0, 0, 0, 255)
"""
_CUT = 77


class Board:
    """A board's flash, and its behaviour. starts: the results of start_main(), in order: a
    self-test, or None for no start. changes: file changes until the power is cut. damages: names
    written wrongly, once."""

    def __init__(self, folder: Path, micropython: list[str], identity: str) -> None:
        self.flash = folder / "flash"
        self.flash.mkdir()
        (folder / "shim").mkdir()
        (folder / "shim" / "os.py").write_text(_OS)
        self._argv = micropython
        self._path = f"{folder / 'shim'}:{self.flash / 'lib'}:.frozen"
        self.identity = identity
        self.starts: list[dict | None] = []
        self.started = 0
        self.changes: int | None = None
        self.free_blocks = 100000
        self.damages: set[str] = set()
        self.sent = ""
        self.printed = ""

    def connect(self, port: str, patience_s: float = 0.0) -> "FolderRemote":
        return FolderRemote(self)

    def run(self, code: str) -> str:
        if "sys.platform" in code:
            return self.identity
        environment = {"MICROPYPATH": self._path, "FREE_BLOCKS": str(self.free_blocks)}
        if self.changes is not None:
            environment["CHANGES"] = str(self.changes)
        done = subprocess.run(
            [*self._argv, "-c", code],
            cwd=self.flash,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode == _CUT:
            raise TjugoError("the board stopped answering")
        if done.returncode:
            raise BoardError(done.stderr, done.stdout)
        return done.stdout

    def files(self) -> dict[str, bytes]:
        found = [path for path in self.flash.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.flash)): path.read_bytes() for path in found}


class FolderRemote(Remote):
    """The connection to such a board."""

    def __init__(self, board: Board) -> None:
        self.port = "board"
        self._board = board

    def close(self) -> None:
        pass

    def exec(self, code: str, quiet_seconds: float = 10.0) -> str:
        self._board.sent += code
        printed = self._board.run(code)
        self._board.printed += printed
        return printed

    def write(self, name: str, content: bytes) -> None:
        if name in self._board.damages:
            self._board.damages.discard(name)
            content = content[:-1] + bytes([content[-1] ^ 1])
        (self._board.flash / name).write_bytes(content)

    def start_main(self):
        return Started(self._board)


class Started:
    """The console of a board that was started."""

    def __init__(self, board: Board) -> None:
        self._board = board
        board.started += 1

    def wait_for(self, key: str, seconds: float) -> dict:
        found = self._board.starts.pop(0)
        if found is None:
            raise TjugoError("The board on board sent no selftest. It printed:\n")
        return found
