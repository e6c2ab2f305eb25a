"""The line to a printer: USB, serial, TCP or a file, and the printer's status where it answers.

Every failure is `printer_unavailable` with a sentence for the cashier.
"""

import errno
import os
import select
import socket
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import serial

from tjugo.errors import TjugoError, reason
from tjugo.station.receipts.printers import Printer
from tjugo.station.receipts.profiles import PROFILES

CONNECT_S = 4.0
WRITE_S = 10.0  # for a printer that takes no more bytes: it is off line
ANSWER_S = 0.5
_CLOSE_S = 2.0
_BUSY_S = 20.0

_STATUS = b"\x10\x04"  # DLE EOT n
_FIXED_MASK, _FIXED = 0x93, 0x12  # bits that are fixed in a byte of status
# n of DLE EOT, bits, what is wrong.
_TROUBLES = (
    (4, 0x60, "is out of paper: put in a new roll"),
    (2, 0x20, "is out of paper: put in a new roll"),
    (2, 0x04, "is open: close the cover"),
    (2, 0x40, "reports a fault: switch it off and on"),
    (1, 0x08, "is off line: press its FEED or ON LINE key"),
)
_CAUSES = {
    errno.ENOSPC: "is out of paper: put in a new roll",
    errno.EACCES: "may not be used by this user: the groups lp and dialout may",
    errno.EPERM: "may not be used by this user: the groups lp and dialout may",
    errno.EBUSY: "is used by another program",
    errno.ECONNREFUSED: "refuses the connection: is its address right?",
    errno.EISDIR: "is a folder, not a file",
}
_GONE = "does not answer: is it switched on and connected?"
_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()


class _Port(Protocol):
    def write(self, data: bytes) -> None:
        """Write all bytes. Raise OSError."""

    def read(self) -> bytes:
        """Return what the printer has sent within ANSWER_S, b"" for nothing. Raise OSError."""

    def close(self) -> None:
        """Close after what is written has left, as far as that can be seen. Raise OSError."""


class Line:
    """A printer that is ready."""

    def __init__(self, printer: Printer, port: _Port) -> None:
        self._printer = printer
        self._port = port

    def print(self, data: bytes) -> None:
        """Send a print, and check that the paper lasted. Raise `printer_unavailable`."""
        with _sentences(self._printer, middle=True):
            self._port.write(data)
            trouble = self.trouble()
        if trouble:
            raise _middle(self._printer, trouble)

    def trouble(self) -> str | None:
        """Return what is wrong by the printer's own status; None if nothing, or no answer. Raise
        OSError."""
        if self._printer.kind == "file" or not PROFILES[self._printer.profile].status:
            return None
        answers: dict[int, int] = {}
        for number, bits, sentence in _TROUBLES:
            if number not in answers:
                self._port.write(_STATUS + bytes([number]))
                given = [b for b in self._port.read() if b & _FIXED_MASK == _FIXED]
                if not given:
                    return None
                answers[number] = given[-1]
            if answers[number] & bits:
                return sentence
        return None


@contextmanager
def connected(printer: Printer) -> Iterator[Line]:
    """Connect to a printer and check that it is ready. Raise `printer_unavailable`."""
    with _turn(printer):
        with _sentences(printer):
            port = _OPEN[printer.kind](printer)
        done = False
        try:
            line = Line(printer, port)
            with _sentences(printer):
                trouble = line.trouble()
            if trouble:
                raise _unavailable(printer, trouble)
            yield line
            done = True
        finally:
            if done:
                with _sentences(printer, middle=True):
                    port.close()
            else:
                with suppress(OSError, termios.error):
                    port.close()


@contextmanager
def _turn(printer: Printer) -> Iterator[None]:
    """Wait for the prints of other cashiers on the same printer."""
    with _locks_guard:
        lock = _locks.setdefault(f"{printer.kind} {printer.address}", threading.Lock())
    if not lock.acquire(timeout=_BUSY_S):
        raise _unavailable(printer, "is busy with another receipt")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _sentences(printer: Printer, middle: bool = False) -> Iterator[None]:
    try:
        yield
    except (OSError, termios.error) as error:
        # That of a terminal, which pyserial passes on, is no OSError.
        number = error.errno if isinstance(error, OSError) else error.args[0]
        cause = _CAUSES.get(number or 0, _GONE)
        if printer.kind == "file" and number == errno.ENOSPC:
            cause = "has no room: the disk is full"
        raise (_middle if middle else _unavailable)(printer, cause) from error


def _unavailable(printer: Printer, what: str) -> TjugoError:
    return reason("printer_unavailable", f"The printer {printer.name} {what}.".replace("?.", "?"))


def _middle(printer: Printer, what: str) -> TjugoError:
    return _unavailable(printer, f"stopped in the middle, it {what}")


class _Descriptor:
    """A device or a file by its descriptor."""

    def __init__(self, number: int) -> None:
        self._number = number

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            if not select.select([], [self._number], [], WRITE_S)[1]:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            rest = rest[os.write(self._number, rest) :]

    def read(self) -> bytes:
        ready = select.select([self._number], [], [], ANSWER_S)[0]
        return os.read(self._number, 64) if ready else b""

    def close(self) -> None:
        os.close(self._number)


class _File(_Descriptor):
    def read(self) -> bytes:
        return b""


class _Tcp:
    def __init__(self, printer: Printer) -> None:
        self._socket = socket.create_connection(printer.host(), CONNECT_S)

    def write(self, data: bytes) -> None:
        self._socket.settimeout(WRITE_S)
        self._socket.sendall(data)

    def read(self) -> bytes:
        self._socket.settimeout(ANSWER_S)
        try:
            return self._socket.recv(64)
        except TimeoutError:
            return b""

    def close(self) -> None:
        # A connection that is closed with bytes unread is reset, and the print may be lost.
        try:
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(_CLOSE_S)
            with suppress(TimeoutError):
                while self._socket.recv(64):
                    pass
        finally:
            self._socket.close()


class _Serial:
    def __init__(self, printer: Printer) -> None:
        self._serial = serial.Serial(
            printer.address,
            printer.baud,
            timeout=ANSWER_S,
            write_timeout=WRITE_S,
            exclusive=True,
            rtscts=printer.flow == "rtscts",
            xonxoff=printer.flow == "xonxoff",
        )

    def write(self, data: bytes) -> None:
        self._serial.write(data)

    def read(self) -> bytes:
        return bytes(self._serial.read(1))

    def close(self) -> None:
        self._serial.flush()
        self._serial.close()


def _usb(printer: Printer) -> _Port:
    try:
        return _Descriptor(os.open(printer.address, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
    except PermissionError:
        # Some drivers and rules permit writing only: the printer then has no status.
        return _File(os.open(printer.address, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY))


def _file(printer: Printer) -> _Port:
    return _File(os.open(printer.address, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))


_OPEN = {"usb": _usb, "serial": _Serial, "tcp": _Tcp, "file": _file}
