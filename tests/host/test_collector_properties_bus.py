"""Arbitrary replies of a meter end nothing, and no result is invented."""

import json
import struct
import sys
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

REPO = Path(__file__).resolve().parents[2]
sys.path.append(str(REPO / "tests" / "host" / "portable"))

from check_collector_jobs import Files  # noqa: E402

from collector.field.poller import Poller  # noqa: E402
from collector.jobs.store import Store  # noqa: E402
from collector.jobs.table import DONE  # noqa: E402
from meterbus import client  # noqa: E402
from meterbus.client import ReplyParser  # noqa: E402
from meterbus.decode import Trace  # noqa: E402
from uplink import codec  # noqa: E402

DRN, SECOND = "12345678903", "11111111111"
TOKEN = "01234567890123456789"
REF = 77
NOW = 1780000000


def crc16(data: bytes) -> bytes:
    """Return the CRC of MODBUS over Serial Line V1.02, 6.2.2, computed bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


def framed(data: bytes) -> bytes:
    return data + crc16(data)


# Replies to a request: any exception, any registers, any identification, half frames, noise.

FUNCTIONS = (3, 4, 6, 16, 0x2B)
MASKS = st.sampled_from([b"\x00", b"\xff", b"\x80"])


def a_reply(request: bytes, draw: st.DataObject) -> bytes:
    kind = draw.draw(st.sampled_from(["exception", "data", "own", "identity", "frame", "noise"]))
    if kind == "exception":
        return framed(bytes((1, request[1] | 0x80, draw.draw(st.integers(0, 255)))))
    if kind == "identity":
        objects = draw.draw(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=9))))
        head = bytes((1, 0x2B, 0x0E, request[3], 1, 0, 0, len(objects) & 0xFF))
        return framed(head + b"".join(bytes((i, len(text))) + text for i, text in objects))
    if kind == "noise":
        return draw.draw(st.binary(max_size=300))
    if kind == "frame":
        function = draw.draw(st.sampled_from(FUNCTIONS))
        return framed(bytes((1, function)) + draw.draw(st.binary(max_size=80)))
    if request[1] not in (3, 4):
        return framed(bytes((1,)) + request[1:6])
    count = request[4] << 8 | request[5]
    size = 2 * count
    data = draw.draw(st.binary(min_size=size, max_size=size))
    if kind == "own" or count == 28:  # the right DRN more often than chance gives it
        at = 2 * (0x1015 - (request[2] << 8 | request[3]))
        if 0 <= at <= size - 14:
            data = data[:at] + DRN.encode() + bytes(3) + data[at + 14 :]
    if kind == "own" and count in (3, 11):
        result = draw.draw(st.sampled_from([0, 1, 16, 255, 256, 0xFFFF]))
        data = struct.pack(">HI", result, draw.draw(st.sampled_from([REF, 0, 5]))) + data[6:]
    return framed(bytes((1, request[1], size)) + data)


def good_reply(request: bytes) -> bytes:
    """Return the reply of a meter that works: the second one."""
    values = bytearray(2 * (request[4] << 8 | request[5]))
    at = 2 * (0x1015 - (request[2] << 8 | request[3]))
    values[at : at + 14] = SECOND.encode() + bytes(3)
    return framed(bytes((2, request[1], len(values))) + bytes(values))


@given(st.data())
def test_a_meter_may_reply_anything(draw: st.DataObject) -> None:
    """One meter replies what it likes; the other is served, and no result is invented."""
    store = Store(Files())
    poller = Poller([(1, DRN), (2, SECOND)], store, 1000)
    job = store.add(REF, DRN, TOKEN)
    poller.offer(job)
    shown = False  # the meter has shown its DRN since it was last away
    last = b""
    for _ in range(draw.draw(st.integers(1, 60))):
        request = poller.next(draw.draw(st.sampled_from([10, 100, 1000, 30000])))
        if request is None:
            continue
        assert request[-2:] == crc16(request[:-2])
        assert request[0] in (1, 2)
        parser = ReplyParser(request)
        reply = good_reply(request) if request[0] == 2 else a_reply(request, draw)
        if request[1] == 16:
            assert shown and request[0] == 1
            assert request[7:11] == struct.pack(">I", REF) and request[11:31] == TOKEN.encode()
        if parser.receive(reply):
            last = reply if request[1] == 3 and not parser.refused else last
            shown = shown or (request[0] == 1 and DRN.encode() in reply)
            poller.reply(parser, NOW)
        else:
            poller.timeout()
        if job.state == DONE:
            break
    for meter in poller.meters:
        message = json.loads(codec.reading(meter.registers(), bool(meter.online), meter.at))
        assert message["online"] in (True, False)
    if job.state == DONE and job.result <= 0xFF:
        assert struct.unpack(">HI", last[3:9]) == (job.result, REF)
        assert job.proof is None or job.proof == last[9:25]
    assert poller.meters[1].online is not False


@given(st.sampled_from(FUNCTIONS), st.lists(st.binary(max_size=300)), st.booleans())
@example(4, [framed(b"\x01\x84\x00")], False)
def test_only_a_whole_reply_ends_the_waiting(function: int, parts: list[bytes], own: bool) -> None:
    requests = {
        3: client.read_request(1, 3, 0, 2),
        4: client.read_request(1, 4, 0, 2),
        6: client.write_single_request(1, 0, 2),
        16: client.write_request(1, 0, b"abcd"),
        0x2B: client.identify_request(1, 4, 0x80),
    }
    parser = ReplyParser(requests[function])
    seen = b""
    for part in parts:
        part = framed(bytes((1, function)) + part[:250]) if own else part
        seen += part
        if parser.receive(part):
            break
    else:
        return
    ends = [
        (start, end)
        for start in range(len(seen))
        for end in range(start + 5, min(start + 256, len(seen)) + 1)
        if seen[start] == 1 and seen[start + 1] & 0x7F == function
        if crc16(seen[start : end - 2]) == seen[end - 2 : end]
    ]
    assert ends
    try:
        parser.objects() if function == 0x2B else parser.values()
    except client.BusException:
        assert parser.refused


@given(st.lists(st.tuples(st.binary(max_size=80), st.sampled_from([None, True, False]))))
def test_every_frame_can_be_described(frames: list[tuple[bytes, bool | None]]) -> None:
    trace = Trace()
    for data, outgoing in frames:
        for frame in (data, framed(data) if len(data) > 1 else data):
            assert trace.describe(frame, outgoing)
