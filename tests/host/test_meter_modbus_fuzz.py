"""A hundred thousand malformed Modbus frames: no wrong answer, no change of the meter.

The frames are made with pymodbus's messages and its CRC, and are then damaged.
"""

import random
import struct
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "portable"))

from meter_rig import meter, token
from meter_week import Whole

from meter.busview import BusView
from meterbus.server import Server

pdu = pytest.importorskip("pymodbus.pdu.register_message", reason="pymodbus is not installed")
framer = pytest.importorskip("pymodbus.framer")

ADDRESS = 1
FRAMES = 20_000
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 5))]


def crc(frame):
    return framer.FramerRTU.compute_CRC(frame).to_bytes(2, "big")


def whole(body):
    """Return a frame to the meter with a good CRC."""
    frame = bytes([ADDRESS]) + body
    return frame + crc(frame)


def requests(numbers):
    """Return the body of a request that the meter, or another server, could get."""
    start = numbers.choice([0, 6, 0x46, 0x0FFF, 0x1000, 0x1015, 0x10FE, 0x110B, 0xFFFF])
    count = numbers.choice([1, 2, 13, 28, 123, 125])
    values = [numbers.randrange(65536) for _ in range(min(count, 123))]
    message = numbers.choice(
        [
            pdu.ReadHoldingRegistersRequest(address=start, count=count),
            pdu.ReadInputRegistersRequest(address=start, count=count),
            pdu.WriteSingleRegisterRequest(address=start, registers=values[:1]),
            pdu.WriteMultipleRegistersRequest(address=start, registers=values),
        ]
    )
    return bytes([message.function_code]) + message.encode()


def damaged(numbers):
    """Return (frame, whether its CRC is good): no request that a meter may execute."""
    body = bytearray(requests(numbers))
    kind = numbers.randrange(6)
    if kind == 0:  # a bit changed on the line
        frame = bytearray(whole(bytes(body)))
        frame[numbers.randrange(len(frame))] ^= 1 << numbers.randrange(8)
        return bytes(frame), False
    if kind == 1:  # cut short
        frame = whole(bytes(body))
        return frame[: numbers.randrange(1, len(frame))], False
    if kind == 2:  # bytes of nothing
        return numbers.randbytes(numbers.randrange(1, 300)), False
    if kind == 3:  # functions that there are not
        body[0] = numbers.choice([0, 1, 2, 5, 7, 15, 17, 22, 23, 24, 90, 127, 131, 255])
        return whole(bytes(body)), True
    if kind == 4:  # ranges that there are not
        function = numbers.choice([3, 4])
        count = numbers.choice([0, 126, 500, 65535, 28])
        return whole(struct.pack(">BHH", function, 0xE000, count)), True
    # A write whose count does not fit its bytes.
    wrong = struct.pack(">BHHB", 16, 0x10FE, numbers.choice([0, 14, 200]), 26)
    return whole(wrong + numbers.randbytes(26)), True


@pytest.mark.parametrize("seed", SEEDS)
def test_malformed_frames_change_nothing(seed):
    numbers = random.Random(seed)
    memory = Whole()
    device = meter(memory)
    device.enter_token(token(200, 1))
    view = BusView(device, "fuzz")
    server = Server(ADDRESS, view)
    before, written = device.report(), memory.writes
    refusals = 0
    for _ in range(FRAMES):
        frame, good = damaged(numbers)
        server.gap()
        reply = server.receive(frame)
        view.work()
        if reply is None:
            continue
        reply = bytes(reply)
        assert reply[-2:] == crc(reply[:-2]) and reply[0] == ADDRESS, frame.hex()
        if good:
            assert reply[1] == frame[1] | 0x80 and 1 <= reply[2] <= 4, frame.hex()
            refusals += 1
    assert refusals > FRAMES // 20
    assert (device.report(), memory.writes) == (before, written)
    server.gap()
    asked = struct.pack(">BHH", 4, 0x1000, 10)
    answer = bytes(server.receive(whole(asked)) or b"")
    assert answer[:3] == bytes([ADDRESS, 4, 20])
