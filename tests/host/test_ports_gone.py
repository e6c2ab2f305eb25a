"""Commands with a serial port that is none, or whose other end has vanished: one sentence each."""

import os
import pty
import termios

import pytest
import serial
from cli_kit import Shell
from mpremote.transport import TransportError

from tjugo.device import ports
from tjugo.device.bus_line import BusLine
from tjugo.device.console import BoardGone, Console
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError
from tjugo.station.receipts import line, printers

BUS = ("--parity", "none", "--port")
# Words of each command that takes a port, the port being the last one.
COMMANDS = [
    ("bus", "events", *BUS),
    ("bus", "profile", *BUS),
    ("bus", "days", *BUS),
    ("bus", "months", *BUS),
    ("bus", "clock", *BUS),
    ("bus", "clock", "--set", *BUS),
    ("bus", "clock", "--set", "--all", *BUS),
    ("bus", "address", "01000000024", "--address", "2", *BUS),
    ("meter", "selftest"),
    ("meter", "selftest", "--parity", "none", "--bus"),
    ("meter", "calibrate", "--volts", "230"),
    ("meter", "calibrate", "--show"),
    ("provision", "--seal"),
    ("deploy", "--board", "rp2040_pico", "--role", "meter", "--port"),
]


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    return Shell(tmp_path, monkeypatch, capsys)


def one_sentence(done, port):
    text = done.err.strip()
    assert done.status == 1, text
    assert "Traceback" not in text and "unforeseen" not in text, text
    assert port in text and len(text.splitlines()) == 1, text
    assert text.endswith("."), text


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("port", ["/dev/null", "/dev/nope", "/tmp", __file__])
def test_a_port_that_is_none(shell, words, port):
    done = shell.run(*words, port)
    one_sentence(done, port)
    if port != "/dev/nope":
        assert f"{port} is not a serial port" in done.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_port_that_vanishes_once_it_is_open(shell, words, monkeypatch):
    opened = serial.Serial.open

    def vanish(self):
        opened(self)
        for fd in masters:
            os.close(fd)
        masters.clear()

    master, other = pty.openpty()
    masters = [master]
    port = os.ttyname(other)
    os.close(other)
    monkeypatch.setattr(serial.Serial, "open", vanish)
    one_sentence(shell.run(*words, port), port)


@pytest.fixture
def terminal(monkeypatch):
    """Return the path of a terminal at which everything but opening fails, as no OSError."""

    def fails(*_arguments):
        raise termios.error(5, "Input/output error")

    master, other = pty.openpty()
    with serial.Serial(os.ttyname(other)) as first:
        assert first.is_open
    for name in ("write", "read", "flush"):
        monkeypatch.setattr(serial.Serial, name, fails)
    monkeypatch.setattr(serial.Serial, "in_waiting", property(fails))
    yield os.ttyname(other)
    os.close(master)
    os.close(other)


def test_an_error_of_the_terminal_is_a_sentence(terminal):
    with Console(terminal) as console:
        for use in (console.read, lambda: console.write(b"x"), lambda: console.send({})):
            with pytest.raises(BoardGone, match=r"is gone: Input/output error\.$"):
                use()
    with BusLine(terminal, 1, parity="none") as bus:
        for use in (bus.ask, bus.send):
            with pytest.raises(TjugoError, match=r"is gone: Input/output error\.$"):
                use(b"request")
    with pytest.raises(TjugoError, match="no board answers"):
        Remote(terminal)
    assert issubclass(serial.SerialException, ports.ERRORS) and TransportError


def test_a_printer_at_such_a_terminal_is_not_available(terminal):
    printer = printers.Printer(name="till", kind="serial", address=terminal)
    with pytest.raises(TjugoError) as caught, line.connected(printer) as printing:
        printing.print(b"receipt")
    assert caught.value.code == "printer_unavailable"
