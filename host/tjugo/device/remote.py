"""A board at the end of a serial line, controlled as by mpremote: code run, files copied.

The same for a real board and for the emulated one's pty.
"""

import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from tjugo.device import on_board, ports
from tjugo.device.console import Console
from tjugo.errors import TjugoError

_ERRORS = (TransportError, *ports.ERRORS)
_CALL_SECONDS = 60.0  # quiet: a full flash is slow
_READ_SECONDS = 2.0  # without it the wait for a board that ended would be unlimited
_CHUNK_BYTES = 768
_INTERRUPTIONS = 12
_LISTEN_SECONDS = 0.05
_PROMPT_SECONDS = 1.0  # a second Ctrl-C would interrupt the board tidying up after the first
_HEARD_BYTES = 4096
_PROMPT = b">>> "

# On the board: print the SHA-256 of each named file, a line each; "-" where there is none.
_HASHES = """\
import hashlib, binascii
def _hash(name):
    h = hashlib.sha256()
    buf = bytearray(512)
    view = memoryview(buf)
    try:
        with open(name, 'rb') as f:
            while True:
                n = f.readinto(buf)
                if not n:
                    return binascii.hexlify(h.digest()).decode()
                h.update(view[:n])
    except OSError:
        return '-'
for _name in {names}:
    print(_hash(_name))
"""

# On the board: make the folders of a path.
_FOLDERS = """\
import os
for _path in {folders}:
    try:
        os.mkdir(_path)
    except OSError as e:
        if e.errno != 17:
            raise
"""


class BoardError(TjugoError):
    """An exception of code on the board; the message is its traceback. printed: its output
    before."""

    def __init__(self, message: str, printed: str) -> None:
        super().__init__(message)
        self.printed = printed


class Remote:
    """A connection to a board's REPL. Use with `with`, or close() it.

    Connecting interrupts the running program and restarts the interpreter; main.py does not run.
    patience_s: how long to wait for the port to appear, where a board may just be resetting. Raise
    TjugoError when no board answers.
    """

    def __init__(self, port: str, patience_s: float = 0.0) -> None:
        self.port = port
        ports.wait_for(port, patience_s)
        try:
            self._transport = SerialTransport(port, timeout=_READ_SECONDS)
        except _ERRORS as error:
            ports.require(port)  # mpremote drops the reason
            raise TjugoError(f"{port} cannot be opened: {error}.") from None
        try:
            self.soft_reset()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the port, whether the board is still there or not; the board is left as it
        is."""
        try:
            self._transport.close()
        except ports.ERRORS:  # mpremote sets the modem lines first, which no longer exist
            self._transport.serial.close()

    def soft_reset(self) -> None:
        """Restart the interpreter with an empty heap, at the prompt."""
        try:
            self._interrupt()
            self._transport.enter_raw_repl(soft_reset=True)
        except _ERRORS as error:
            raise TjugoError(
                f"no board answers on {self.port}: {error}. A sealed meter answers only while its "
                "cover is open."
            ) from None

    def _interrupt(self) -> None:
        """Interrupt the running program, which may still be starting and miss the first Ctrl-C.

        mpremote sends one only, and then waits indefinitely for a program that keeps printing.
        """
        line = self._transport.serial
        patience = line.timeout
        try:
            for _ in range(_INTERRUPTIONS):
                line.timeout = _LISTEN_SECONDS
                line.write(b"\r\x03")
                heard = line.read(_HEARD_BYTES)
                line.timeout = _PROMPT_SECONDS
                line.write(b"\x02")  # from either prompt to the friendly one, which prints itself
                heard += line.read_until(_PROMPT)
                if heard.endswith(_PROMPT):
                    return
        finally:
            line.timeout = patience
        raise TransportError("no prompt")

    def exec(self, code: str, quiet_seconds: float = 10.0) -> str:
        """Run code and return what it printed. Raise BoardError when it raises.

        quiet_seconds: how long the board may print nothing before it counts as lost (TjugoError).
        """
        try:
            printed, traceback = self._transport.exec_raw(code, timeout=quiet_seconds)
        except _ERRORS as error:
            raise TjugoError(f"the board on {self.port} stopped answering: {error}") from None
        text = printed.decode(errors="replace").replace("\r\n", "\n")
        if traceback:
            raise BoardError(traceback.decode(errors="replace").replace("\r\n", "\n"), text)
        return text

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """Run a function of a module in on_board/ on the board, and return its result.

        Raise BoardError when it raises.
        """
        words = ", ".join(map(repr, arguments))
        code = f"{on_board.source(module)}\nprint(json.dumps({function}({words})))"
        return json.loads(self.exec(code, _CALL_SECONDS).splitlines()[-1])

    def start(self, code: str) -> None:
        """Start code without waiting for its end; line() then reads what it prints.

        Raise TjugoError when the connection is lost before the board has received the code.
        """
        try:
            self._transport.exec_raw_no_follow(code)
        except _ERRORS as error:
            raise TjugoError(f"the board on {self.port} is gone: {error}") from None

    def line(self, seconds: float = 10.0) -> str:
        """Return the next line printed by the code of start(). Raise TjugoError when none arrives
        in time."""
        try:
            text = self._transport.read_until(1, b"\n", timeout=seconds)
        except _ERRORS as error:
            raise TjugoError(f"the board on {self.port} is gone: {error}") from None
        if not text.endswith(b"\n"):
            raise TjugoError(f"the board on {self.port} sent nothing for {seconds:g} s")
        return text.decode(errors="replace").strip()

    def changed(self, files: Mapping[str, bytes]) -> list[str]:
        """Return the names of those files, by path on the board, that are missing or different
        there.

        The board compares by SHA-256, so a second time is quick.
        """
        seen = self.hashes(sorted(files))
        return [
            name
            for name, digest in seen.items()
            if digest != hashlib.sha256(files[name]).hexdigest()
        ]

    def hashes(self, names: list[str]) -> dict[str, str]:
        """Return the SHA-256 of these files, in hex, as the board computes it; "-" for none."""
        seen = self.exec(_HASHES.format(names=names), quiet_seconds=60.0).split()
        return dict(zip(names, seen, strict=True))

    def put(
        self,
        files: Mapping[str, bytes],
        copied: Callable[[str], None] = lambda name: None,
    ) -> int:
        """Copy the files, by path on the board, that are missing or different; return how many.

        copied: called with each name.
        """
        changed = self.changed(files)
        self.make_folders(changed)
        for name in changed:
            self.write(name, files[name])
            copied(name)
        return len(changed)

    def make_folders(self, names: list[str]) -> None:
        """Make the folders of these files."""
        self.exec(_FOLDERS.format(folders=_parents(names)))

    def write(self, name: str, content: bytes) -> None:
        """Write a file in place. Raise BoardError when it does not fit."""
        # Not mpremote's own copying: that sends binary as \\x escapes, three times the bytes.
        self.exec(f"from binascii import a2b_base64\n_file = open({name!r}, 'wb')")
        for at in range(0, len(content), _CHUNK_BYTES):
            chunk = content[at : at + _CHUNK_BYTES]
            packed = f"a2b_base64({binascii.b2a_base64(chunk, newline=False)!r})"
            self.exec(f"_file.write({min(repr(chunk), packed, key=len)})")
        self.exec("_file.close()")

    def start_main(self) -> Console:
        """Restart the interpreter so that main.py runs, and return its console.

        The console uses this connection, which is no longer at the board's prompt.
        """
        try:
            self._transport.serial.write(b"\r\x02")  # leave the raw prompt ...
            self._transport.serial.write(b"\x04")  # ... and soft-reset
        except _ERRORS as error:
            raise TjugoError(f"the board on {self.port} is gone: {error}") from None
        return Console(self.port, self._transport.serial)

    def get(self, name: str) -> bytes:
        """Return a file's content. Raise OSError when it does not exist."""
        return bytes(self._transport.fs_readfile(name, chunk_size=_CHUNK_BYTES))


def _parents(names: list[str]) -> list[str]:
    """Return every folder above these paths, outer ones first."""
    folders = {
        str(folder) for name in names for folder in PurePosixPath(name).parents if folder.name
    }
    return sorted(folders, key=len)
