"""A client on an RS-485 line at a serial port, for the commands that ask a meter."""

import time

import serial

from meterbus import client
from tjugo.device import ports
from tjugo.errors import TjugoError

PARITIES = {"even": serial.PARITY_EVEN, "none": serial.PARITY_NONE}
_REPLY_SECONDS = 1.0
_TRIES = 4
_LISTEN_SECONDS = 0.05
_OTHERS_SECONDS = 1.5  # for so long the polls of another client are waited for


class BusLine:
    """The line to the server at `address`. Use with `with`. Raise TjugoError.

    parity: a key of PARITIES; a pty has none.
    """

    def __init__(self, port: str, address: int, baudrate: int = 9600, parity: str = "even"):
        self._port = port
        self.address = address
        self._shared = False  # another client seems to use the bus
        self._alone = False  # none was heard when one was waited for
        try:
            self._serial = serial.Serial(
                port,
                baudrate,
                parity=PARITIES[parity],
                timeout=_LISTEN_SECONDS,
                exclusive=True,
            )
        except (*ports.ERRORS, ValueError) as error:
            raise ports.refusal(port, error) from None

    def __enter__(self) -> "BusLine":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._serial.close()

    def send(self, request: bytes) -> None:
        """Send a broadcast, which nobody answers."""
        try:
            self._serial.write(request)
            self._serial.flush()
        except ports.ERRORS as error:
            raise ports.gone(f"The line on {self._port}", error) from None

    def ask(self, request: bytes) -> client.ReplyParser:
        """Return the reply, asking again where there is none. A refusal is a reply, too."""
        parser = self.find(request, _TRIES)
        if parser:
            return parser
        raise TjugoError(
            f"Nothing at address {self.address} on {self._port} answers. Check the address, the "
            "baud rate, the parity, and that no other client uses the bus."
        )

    def find(self, request: bytes, tries: int) -> client.ReplyParser | None:
        """Return the reply, None if there is none to so many requests.

        From the first request without one on, each is sent just after a poll of another client, as
        long as one is heard.
        """
        for _ in range(tries):
            parser = self._once(request)
            if parser:
                return parser
            self._shared = not self._alone
        return None

    def _once(self, request: bytes) -> client.ReplyParser | None:
        """Return the reply, None if there is none in time."""
        try:
            if self._shared:
                self._wait_for_others()
            self._serial.reset_input_buffer()
            self._serial.write(request)
            parser = client.ReplyParser(request)
            until = time.monotonic() + _REPLY_SECONDS
            while time.monotonic() < until:
                if parser.receive(self._serial.read(max(1, self._serial.in_waiting))):
                    return parser
        except ports.ERRORS as error:
            raise ports.gone(f"The line on {self._port}", error) from None
        return None

    def _wait_for_others(self) -> None:
        """Wait until another client's frames have ended, or for as long as it may be silent.

        Whoever hears nobody has the line alone: what was not answered was lost.
        """
        until = time.monotonic() + _OTHERS_SECONDS
        heard = False
        while time.monotonic() < until:
            if self._serial.read(max(1, self._serial.in_waiting)):
                heard = True
            elif heard:  # silent for _LISTEN_SECONDS
                return
        self._shared, self._alone = heard, not heard
