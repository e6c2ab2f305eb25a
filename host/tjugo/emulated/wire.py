"""A connection between a board's UART socket and one drop of the simulated bus."""

import os
import selectors
import socket
import threading
import tty
from pathlib import Path

from tjugo.errors import TjugoError

_CHUNK = 4096


class Wire:
    """A thread that copies bytes between an emulated UART's Unix socket and a pty until closed.

    The pty may be a drop of tjugo.bench.bus.Bus, which simulates the timing of RS-485.
    """

    def __init__(self, uart: Path, pty: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(uart))
            self._pty = os.open(pty, os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            self._socket.close()
            raise TjugoError(f"{uart} and {pty} cannot be connected: {error}") from None
        tty.setraw(self._pty)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect the two ends."""
        os.write(self._stop_write, b"x")
        self._thread.join()
        self._socket.close()
        for descriptor in (self._pty, self._stop_read, self._stop_write):
            os.close(descriptor)

    def _run(self) -> None:
        ends = {self._socket.fileno(): self._pty, self._pty: self._socket.fileno()}
        with selectors.DefaultSelector() as selector:
            for descriptor in (*ends, self._stop_read):
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == self._stop_read or not self._carry(key.fd, ends[key.fd]):
                        return

    def _carry(self, source: int, target: int) -> bool:
        """Copy available bytes from source to target. Return False if one end is closed."""
        try:
            data = os.read(source, _CHUNK)
            while data:
                data = data[os.write(target, data) :]
                if not data:
                    return True
        except OSError:
            pass
        return False
