"""The common base class of the emulated boards."""

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
    """A board as a process, used as a context manager.

    flash: the file with the board's flash; it is kept. port: the port for mpremote while the board
    runs. _folder: a folder for sockets, removed by close().
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
        """Return the Unix socket connected to machine.UART(number) while the board runs."""
        return self._folder / f"uart{number}"

    def start(self) -> None:
        """Switch on and wait until the console accepts connections. Raise TjugoError."""
        if self._process is not None:
            raise TjugoError("the emulated board is running already")
        self._process = self._launch()
        self.port = self._wait_for_console(self._process)

    def kill(self) -> None:
        """Simulate a power failure: end the process between two instructions, keep the flash."""
        self._end(cut=True)

    def cut(self) -> None:
        """Kill the process, from a thread that does not use the board. kill() must follow."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """Switch off: like kill() for the board, but the emulator may end cleanly."""
        self._end(cut=False)

    def close(self) -> None:
        """Stop the board and remove all its files except the flash."""
        self.stop()
        self._temporary.cleanup()

    def running(self) -> bool:
        """Return whether the emulator is running."""
        return self._process is not None and self._process.poll() is None

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the emulator with a pipe for its standard output. Raise TjugoError."""

    @abstractmethod
    def _wait_for_console(self, process: subprocess.Popen[bytes]) -> str:
        """Wait for the port and return it. Raise TjugoError."""

    def _wait_for_output(
        self,
        process: subprocess.Popen[bytes],
        seconds: float,
        port: Callable[[bytes], str | None],
    ) -> tuple[str | None, bytes]:
        """Return the first result of port(output) that is not empty, and the emulator's output.

        The result is None after the time-out; the emulator has then been ended.
        """
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        deadline = time.monotonic() + seconds
        output = b""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                piece = os.read(pipe, 4096)
                output += piece
                found = port(output)
                if found:
                    return found, output
                if not piece:
                    break
        self._end(cut=True)
        return None, output

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
