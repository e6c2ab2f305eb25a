"""Why a serial port cannot be opened or used, as a sentence."""

import errno
import getpass
import grp
import os
import termios
import time
from pathlib import Path

import serial
from serial.tools import list_ports

from tjugo.errors import TjugoError

# What using a port may raise. pyserial passes on that of a terminal, which is no OSError.
ERRORS = (OSError, termios.error)

_LOOK_SECONDS = 0.1
_BUSY = (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK)


def wait_for(port: str, seconds: float) -> None:
    """Wait until the port exists, for at most so many seconds."""
    deadline = time.monotonic() + seconds
    while not os.path.exists(port) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def require(port: str) -> None:
    """Raise TjugoError, as refusal(), when the port cannot be opened now."""
    try:
        serial.Serial(port, exclusive=True).close()
    except (*ERRORS, ValueError) as error:
        raise refusal(port, error) from None


def refusal(port: str, error: BaseException) -> TjugoError:
    """Return the error to raise when opening `port` raised `error`."""
    number = _errno(error)
    path = Path(port)
    if not path.exists():
        return TjugoError(f"There is no serial port {port}. {_there_are()}")
    if number in (errno.EACCES, errno.EPERM) or not os.access(path, os.R_OK | os.W_OK):
        return TjugoError(f"You may not use {port}. {_group_of(path)}")
    if number in _BUSY:
        return TjugoError(
            f"Another program uses {port}. End it (a serial monitor, mpremote, an editor for "
            "MicroPython) and run this again."
        )
    if number == errno.ENOTTY or not path.is_char_device():
        return TjugoError(f"{port} is not a serial port. {_there_are()}")
    reason = os.strerror(number) if number else str(error)
    return TjugoError(f"{port} cannot be opened: {reason}.")


def gone(what: str, error: BaseException) -> TjugoError:
    """Return the error to raise when using a port, which was open, raised `error`.

    what: what is gone, with the port.
    """
    number = _errno(error)
    return TjugoError(f"{what} is gone: {os.strerror(number) if number else error}.")


def _errno(error: BaseException | None) -> int | None:
    """Return the number of the first system error in the chain; pyserial hides it in its own."""
    while error is not None:
        number = getattr(error, "errno", None)
        if number is None and isinstance(error, termios.error) and error.args:
            number = error.args[0]
        if isinstance(number, int):
            return number
        error = error.__cause__ or error.__context__
    return None


def _there_are() -> str:
    found = sorted(port.device for port in list_ports.comports())
    if found:
        return f"Serial ports here: {', '.join(found)}."
    return "No serial port is there at all: is the board connected, with a cable for data?"


def _group_of(path: Path) -> str:
    try:
        name = grp.getgrgid(path.stat().st_gid).gr_name
    except (KeyError, OSError):
        name = "dialout"
    if name == "root":
        return "It belongs to root; `ls -l` shows its permissions."
    return (
        f"It belongs to the group {name}: run `sudo usermod -aG {name} {getpass.getuser()}`, "
        "and log in again."
    )
