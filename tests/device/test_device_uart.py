"""machine.UART of the emulated board and the socket connected to it."""

import socket

from tjugo.device.remote import Remote

ECHO = """\
import asyncio
from machine import UART
uart = UART(1, 9600, parity=0)
async def echo():
    stream = asyncio.StreamReader(uart)
    print('ready')
    total = 0
    while total < {count}:
        piece = await stream.read(64)
        total += len(piece)
        uart.write(piece)
    print('done', total)
asyncio.run(echo())
"""

LINE_TIME = """\
from time import ticks_us, ticks_diff
from machine import UART
uart = UART(1, 9600, parity=0)
start = ticks_us()
uart.write(bytes(24))
print(uart.txdone())
uart.flush()
print(ticks_diff(ticks_us(), start), uart.txdone())
"""


def connect(board) -> socket.socket:
    wire = socket.socket(socket.AF_UNIX)
    wire.settimeout(20)
    wire.connect(str(board.uart(1)))
    return wire


def test_asyncio_reads_and_writes_the_second_uart(own_board):
    sent = bytes(range(256)) * 2
    with Remote(own_board.port) as remote, connect(own_board) as wire:
        remote.start(ECHO.format(count=len(sent)))
        assert remote.line() == "ready"
        received = b""
        for at in range(0, len(sent), 64):
            wire.sendall(sent[at : at + 64])
            while len(received) < at + 64:
                piece = wire.recv(4096)
                assert piece, "the board closed its UART"
                received += piece
        assert received == sent
        assert remote.line() == f"done {len(sent)}"


def test_flush_waits_as_long_as_the_line_is_busy(own_board):
    with Remote(own_board.port) as remote, connect(own_board) as wire:
        first, second = remote.exec(LINE_TIME).splitlines()
        assert wire.recv(4096) != b""
    assert first == "False"
    microseconds, done = second.split()
    assert done == "True"
    assert int(microseconds) >= 24 * 11 * 1_000_000 // 9600  # 8E1 is 11 bits a byte
