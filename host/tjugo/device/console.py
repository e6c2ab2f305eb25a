"""The service port of a board whose application runs: one JSON object per line, both ways."""

import json
import time
from typing import Any

import serial

from tjugo import foreign_json
from tjugo.device import ports
from tjugo.errors import TjugoError

_PROMPT = b">>> "
_RESTARTED = "soft reboot"  # printed by the interpreter before it runs main.py
_READ_SECONDS = 0.1
_MOST_UNREAD = 65536


class BoardGone(TjugoError):
    """The port disappeared while the board was being read."""


class Console:
    """The serial line to a board that runs. Use with `with`. Raise TjugoError.

    opened: the line, when it is open already. Lines that are not a JSON object (a prompt, a
    traceback) are kept in `other`, the newest last.
    """

    def __init__(self, port: str, opened: serial.Serial | None = None) -> None:
        self.port = port
        self.other: list[str] = []
        self._unread = b""
        if opened is not None:
            opened.timeout = _READ_SECONDS
            self._serial = opened
            return
        try:
            self._serial = serial.Serial(port, 115200, timeout=_READ_SECONDS, exclusive=True)
        except ports.ERRORS as error:
            raise ports.refusal(port, error) from None

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._serial.close()

    def send(self, message: dict[str, Any]) -> None:
        """Send a command, such as {"keys": "123#"}."""
        self.write(json.dumps(message).encode() + b"\n")

    def write(self, keys: bytes) -> None:
        """Send bytes unchanged: Ctrl-C, Ctrl-D."""
        try:
            self._serial.write(keys)
        except ports.ERRORS as error:
            raise self._gone(error) from None

    def read(self) -> list[dict[str, Any]]:
        """Return every message that has arrived; wait a moment for the first byte."""
        try:
            self._unread += self._serial.read(max(1, self._serial.in_waiting))
        except ports.ERRORS as error:
            raise self._gone(error) from None
        *lines, self._unread = self._unread.split(b"\n")
        self._unread = self._unread[-_MOST_UNREAD:]
        return [message for line in lines if (message := self._message(line)) is not None]

    def wait_for(self, key: str, seconds: float) -> Any:
        """Return the value of the next message with this key.

        Raise TjugoError when none arrives in time, or the program has ended without it.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._at_prompt():
            for message in self.read():
                if key in message:
                    return message[key]
        printed = "\n".join(self.other[-12:])
        raise TjugoError(f"The board on {self.port} sent no {key}. It printed:\n{printed}")

    def _gone(self, error: BaseException) -> BoardGone:
        return BoardGone(ports.gone(f"The board on {self.port}", error).args[0])

    def _at_prompt(self) -> bool:
        """Return whether main.py has ended: after a restart there is a prompt and nothing else."""
        restarted = any(_RESTARTED in line for line in self.other)
        return restarted and self._unread.endswith(_PROMPT)

    def _message(self, line: bytes) -> dict[str, Any] | None:
        text = line.decode(errors="replace").strip()
        try:
            message = foreign_json.loads(text)
        except ValueError:
            message = None
        if isinstance(message, dict):
            return message
        self.other = [*self.other[-99:], text] if text else self.other
        return None
