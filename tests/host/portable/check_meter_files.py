"""The files of the meter on its bus, read by function 20."""

import struct

from meter_rig import meter, token
from profile_rig import (
    FILE_DAYS,
    FILE_EVENTS,
    FILE_MONTHS,
    FILE_PROFILE,
    HALF_HOUR,
    START,
    Large,
    Rig,
)

from meter.busview import BusView
from meterbus import client, codes, frame
from meterbus.server import Server
from sts_portable import results


def _file(device, number, start, count):
    """Return the parser with the reply of a meter to a request for registers of a file."""
    server = Server(1, BusView(device))
    server.gap()
    request = client.read_file_request(1, number, start, count)
    parser = client.ReplyParser(request)
    assert parser.receive(bytes(server.receive(request)))
    return parser


def test_the_event_log_as_a_file():
    device = meter(Large(), unix=lambda: 1790000000, features="core")
    device.enter_token(token(200))
    found = _file(device, FILE_EVENTS, 0, 18).data
    first = struct.unpack_from(">IIBBH", found)
    assert first == (2, 1790000000, codes.EVENT_TOKEN_ACCEPTED, 0, results.ACCEPT)
    assert struct.unpack_from(">IIBBH", found, 12) == (1, 1790000000, codes.EVENT_POWER_UP, 1, 0)
    assert found[24:] == b"\xff" * 12  # there is no third one
    assert _file(device, FILE_EVENTS, 1, 2).data == found[2:6]  # any part of it
    device = meter(Large(), features="core")
    found = _file(device, FILE_EVENTS, 0, 6).data
    assert found[4:8] == b"\xff" * 4  # the time is not known


def test_files_that_are_refused():
    memory = Large()
    device = meter(memory, features="core")
    assert _file(device, FILE_EVENTS, 128 * 6 - 1, 1).exception == 0
    assert _file(device, FILE_EVENTS, 128 * 6 - 1, 2).exception == 2
    for number in (
        0,
        FILE_PROFILE,
        FILE_DAYS,
        FILE_MONTHS,
        5,
        0xFFFF,
    ):
        assert _file(device, number, 0, 1).exception == 2, number
    memory.unreadable = True
    assert _file(device, FILE_EVENTS, 0, 6).exception == frame.SERVER_DEVICE_FAILURE
    memory.unreadable = False
    memory.put(600, b"damaged")
    memory.put(1100, b"damaged")
    device = meter(memory, features="core")
    assert _file(device, FILE_EVENTS, 0, 6).exception == frame.SERVER_DEVICE_FAILURE


def test_an_event_that_is_damaged_is_not_there_and_the_next_ones_are():
    memory = Large()
    device = meter(memory, features="core")
    device.enter_token(token(200))
    memory.put(2048 + 2 * 16 + 5, b"\x55")  # number 2
    found = _file(device, FILE_EVENTS, 0, 12).data
    assert found[:12] == b"\xff" * 12 and found[12:16] == b"\x00\x00\x00\x01"


def test_the_profile_as_a_file():
    rig = Rig()
    for wh in (1, 2, 3):
        rig.run(HALF_HOUR, wh)
    found = _file(rig.meter, FILE_PROFILE, 0, 15).data
    first = START // HALF_HOUR
    assert struct.unpack_from(">IIH", found) == (3, first + 2, 3)
    assert struct.unpack_from(">IIH", found, 20) == (1, first | 1 << 24, 1)
    assert len(_file(rig.meter, FILE_PROFILE, 0, 120).data) == 240
    assert _file(rig.meter, FILE_PROFILE, 15, 5).data == b"\xff" * 10
    assert _file(rig.meter, FILE_PROFILE, 1680 * 5 - 1, 1).exception == 0
    assert _file(rig.meter, FILE_PROFILE, 1680 * 5, 1).exception == 2
    assert _file(rig.meter, FILE_DAYS, 0, 120).data == b"\xff" * 240
    assert _file(rig.meter, FILE_DAYS, 620, 1).exception == 2
    assert _file(rig.meter, FILE_MONTHS, 240, 1).exception == 2


def test_a_freeze_is_in_the_place_of_its_day():
    rig = Rig()
    for _ in range(25):
        rig.run(HALF_HOUR, 10)
    day = START // 86400
    found = _file(rig.meter, FILE_DAYS, day % 62 * 10, 10).data
    values = struct.unpack(">IIiIHH", found)
    assert values == (day, 240, -240, START // HALF_HOUR | 1 << 24, 10, 0)
