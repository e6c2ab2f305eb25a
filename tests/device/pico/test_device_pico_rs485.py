"""RS-485 of boards/rp2040_pico: the driver is enabled for the frame only.

Times are emulated: every instruction takes the cycles of a Cortex-M0+ at 125 MHz, and a character
takes its bits at the rate in the UART's registers. Flash behind the XIP cache is as fast as memory
here, so a real Pico is slower between two events, and the delay of the transceiver is not
included. The asserted limits are those of the bus, which are much wider.
"""

import socket

import pytest

DE = 6
UART = 1
CHARACTER_BITS = 11  # 8E1
BUSY_NS = 50_000  # from the last stop bit to DE off: what a polling loop may take

SET_UP = """\
import time
from machine import Pin, UART
from boards.common.port_rp2 import UART_BUFFERS
from boards.common.rs485 import RS485
def make(baudrate):
    uart = UART(1, baudrate, bits=8, parity=0, stop=1, tx=Pin(4), rx=Pin(5), **UART_BUFFERS)
    return RS485(uart, baudrate, Pin(6, Pin.OUT, value=0), time=time)
def send(frame):
    time.sleep_ms(rs485.begin(frame))
    rs485.end()
rs485 = make(9600)
"""


@pytest.fixture(scope="module")
def bus(loaded):
    """Return the board with `rs485`, created as in its board.py."""
    loaded.soft_reset()
    loaded.exec(SET_UP, quiet_seconds=120.0)
    yield loaded
    loaded.soft_reset()


@pytest.fixture(params=[1200, 9600, 19200, 115200])
def baudrate(request, bus):
    """Set the rate of `rs485` for the test and yield it; afterwards it is 9600."""
    bus.exec(f"rs485 = make({request.param})")
    yield request.param
    bus.exec("rs485 = make(9600)")


@pytest.mark.parametrize("length", [1, 8, 40])
def test_de_covers_the_frame(pico, bus, baudrate, length):
    frame = bytes(range(0x20, 0x20 + length))
    pico.watch(DE)
    pico.characters(UART)
    bus.exec(f"send({frame!r})")
    edges = [(when, level) for when, _gpio, level in pico.edges()]
    characters = pico.characters(UART)
    assert bytes(value for _start, _end, value in characters) == frame
    assert [level for _when, level in edges] == [1, 0]
    first_bit, last_bit = characters[0][0], characters[-1][1]
    silence = 3.5 * CHARACTER_BITS * 1e9 / min(baudrate, 19200)
    assert edges[0][0] < first_bit, "the driver is on before the first bit"
    assert last_bit <= edges[1][0], "and not off before the last one has passed"
    assert edges[1][0] - last_bit < min(silence, BUSY_NS)


def test_the_line_has_the_rate_that_was_asked_for(pico, bus, baudrate):
    asked = CHARACTER_BITS * 1e9 / baudrate
    assert abs(pico.character_ns(UART) - asked) < asked / 200


def test_no_gap_inside_a_frame(pico, bus):
    """Send a frame longer than the FIFO, which the interrupt must refill."""
    pico.characters(UART)
    bus.exec(f"send({bytes(range(200))!r})")
    characters = pico.characters(UART)
    assert bytes(value for _start, _end, value in characters) == bytes(range(200))
    ends = [end for _start, end, _value in characters[:-1]]
    starts = [start for start, _end, _value in characters[1:]]
    assert max(start - end for start, end in zip(starts, ends, strict=True)) < 1000


def test_a_frame_arrives_whole(pico, bus):
    frame = bytes(range(200))
    pico.send(UART, frame)
    code = "time.sleep_ms(300)\nprint(rs485.stream.read())"
    assert bus.exec(code) == f"{frame!r}\n"


def test_a_host_on_the_wire(pico, bus):
    """Use the UART as a socket, as a Modbus client does."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(30)
        wire.connect(str(pico.uart(UART)))
        bus.start(
            "while not rs485.stream.any():\n    time.sleep_ms(1)\nsend(b'pong')\nprint('sent')"
        )
        wire.sendall(b"ping")
        received = b""
        while len(received) < 4:
            received += wire.recv(16)
        assert bus.line() == "sent"
    assert received == b"pong"
