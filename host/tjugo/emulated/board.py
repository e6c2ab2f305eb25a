"""A board that is a process: what the emulators have in common."""

import os
import selectors
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tjugo.errors import TjugoError

_STOP_SECONDS = 5.0


class EmulatedBoard(ABC):
    """A board that runs until it is stopped. Use with `with`.

    flash: the file with the board's flash; it is kept. port: what mpremote connects to, while the
    board runs. _folder: for sockets and the like, gone with close().
    """

    def __init__(self, flash: Path) -> None:
        self.port = ""
        self.flash = flash
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary = tempfile.TemporaryDirectory(prefix="tjugo-board-")
        self._folder = Path(self._temporary.name)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def uart(self, number: int) -> Path:
        """The Unix socket that is the wire of the board's machine.UART(number) while it runs."""
        return self._folder / f"uart{number}"

    def start(self) -> None:
        """Power on. Returns when the console can be connected to. Raises TjugoError."""
        if self._process is not None:
            raise TjugoError("the emulated board is running already")
        self._process = self._launch()
        self.port = self._wait_for_console(self._process)

    def kill(self) -> None:
        """A power cut: the process dies between two instructions, the flash stays as it is."""
        self._end(cut=True)

    def cut(self) -> None:
        """As kill(), from another thread than the one that uses the board: kill() must follow."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """Switched off; the same to the board, but the emulator may tidy up."""
        self._end(cut=False)

    def close(self) -> None:
        """Stopped if it runs, and nothing left behind but the flash."""
        self.stop()
        self._temporary.cleanup()

    def running(self) -> bool:
        """True until it is stopped, or the emulator has ended by itself."""
        return self._process is not None and self._process.poll() is None

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """The emulator's process, with a pipe for its standard output. Raises TjugoError."""

    @abstractmethod
    def _wait_for_console(self, process: subprocess.Popen[bytes]) -> str:
        """The port, once it is there. Raises TjugoError."""

    def _heard(
        self,
        process: subprocess.Popen[bytes],
        seconds: float,
        port: Callable[[bytes], str | None],
    ) -> tuple[str | None, bytes]:
        """What port() makes of what the emulator has said, as soon as that is something; and
        what it said. None when nothing comes in time; the emulator has then been ended."""
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        deadline = time.monotonic() + seconds
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                piece = os.read(pipe, 4096)
                said += piece
                found = port(said)
                if found:
                    return found, said
                if not piece:
                    break
        self._end(cut=True)
        return None, said

    def _end(self, cut: bool) -> None:
        process, self._process, self.port = self._process, None, ""
        if process is None:
            return
        if process.poll() is None:
            process.kill() if cut else process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
