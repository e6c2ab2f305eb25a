"""The register map and the bus trace. Runs on CPython and MicroPython."""

from meterbus import client, codes, crc, decode, descriptions, registers
from meterbus.frame import put_u16
from meterbus.registers import ACCESS, ADDRESS, KIND, NAME, ROWS, WORDS
from meterbus.server import Server


def test_rows_are_in_order_and_do_not_overlap():
    end = 0
    for row in ROWS:
        assert row[ADDRESS] >= end, row[NAME]
        end = row[ADDRESS] + row[WORDS]
        words = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2}
        assert row[WORDS] == words.get(row[KIND], row[WORDS])
    assert len({row[NAME] for row in ROWS}) == len(ROWS)


def test_the_state_block_is_one_request():
    last = registers.row("drn")
    assert registers.STATE_START == registers.row("energy_wh")[ADDRESS]
    assert registers.STATE_START + registers.STATE_COUNT == last[ADDRESS] + last[WORDS]
    assert (registers.STATE_START, registers.STATE_COUNT) == (0x1000, 28)
    assert (registers.ACCOUNT_START, registers.ACCOUNT_COUNT) == (0x1000, 10)
    assert (registers.DEVICE_START, registers.DEVICE_COUNT) == (0x1015, 11)
    assert (registers.TOKEN_START, registers.TOKEN_COUNT) == (0x10FE, 13)
    assert (registers.RESULT_START, registers.RESULT_COUNT) == (0x110B, 3)
    assert registers.covered(registers.STATE_START, registers.STATE_COUNT, "i")
    assert registers.covered(registers.STATE_START, registers.STATE_COUNT, "h")
    assert registers.covered(registers.TOKEN_START, registers.TOKEN_COUNT, "w")
    assert registers.covered(registers.RESULT_START, registers.RESULT_COUNT, "h")


def test_what_may_not_be_reached():
    for start, count, access in (
        (0x0000, 2, "h"),
        (0x0000, 2, "w"),
        (0x0180, 1, "i"),
        (0x017F, 2, "i"),
        (0x0FFF, 2, "i"),
        (0x1000, 37, "i"),
        (0x1024, 1, "i"),
        (0x1000, 1, "w"),
        (0x110A, 2, "w"),
        (0x1115, 2, "h"),
        (0x10FE, 1, "i"),
        (0xFFFF, 1, "i"),
    ):
        assert not registers.covered(start, count, access), (start, count, access)
    assert registers.covered(0, 125, "i")
    assert registers.covered(0x150, 48, "i")


def test_what_can_be_read_depends_on_the_groups_that_are_known():
    every = 0
    for bit, _, _ in descriptions.KNOWN:
        every |= bit
    for row in ROWS:
        start, count = row[ADDRESS], row[WORDS]
        assert registers.readable(start, count, every)
        group = row[registers.GROUP]
        assert registers.readable(start, count, every & ~group) == (group == 0), row[NAME]
    assert registers.readable(registers.DEVICE_START, registers.DEVICE_COUNT, 0)
    account = registers.ACCOUNT_START, registers.ACCOUNT_COUNT
    assert registers.readable(*account, codes.KNOWN_LEDGER)
    assert not registers.readable(*account, every & ~codes.KNOWN_LEDGER)
    assert registers.readable(0x0060, 8, 0)  # a gap
    assert registers.readable(0, 8, codes.KNOWN_CURRENT)
    assert not registers.readable(0, 8, codes.KNOWN_POWER)


def test_every_kind_goes_there_and_back():
    for name, value in (
        ("energy_wh", 4000000000),
        ("credit", -2000),
        ("krn", 9),
        ("drn", "12345678903"),
        ("token", "01234567890123456789"),
        ("sdm_voltage", 230.5),
    ):
        raw = registers.encode(name, value)
        row = registers.row(name)
        assert len(raw) == 2 * row[WORDS]
        assert registers.decode(row[ADDRESS], raw) == {name: value}


def test_an_f32_that_is_unknown_is_nan():
    raw = registers.encode("sdm_pf", None)
    assert raw == b"\x7f\xc0\0\0"
    assert registers.decode(0x001E, raw) == {"sdm_pf": None}


def test_numbers_that_do_not_fit_are_cut():
    assert registers.encode("krn", 70000) == b"\xff\xff"
    assert registers.encode("krn", -1) == b"\x00\x00"
    assert registers.encode("credit", 1 << 40) == b"\x7f\xff\xff\xff"
    assert registers.encode("credit", -(1 << 40)) == b"\x80\x00\x00\x00"


def test_high_word_first():
    assert registers.encode("energy_wh", 0x12345678) == b"\x12\x34\x56\x78"
    assert registers.encode("sdm_voltage", 230) == b"\x43\x66\x00\x00"


def test_fill_may_begin_and_end_inside_a_value():
    values = {"energy_wh": 0x00010002, "credit": 0x00030004, "control_state": 5}
    out = bytearray(6)
    registers.fill(0x1001, 3, lambda name: values[name], out)
    assert out == b"\x00\x02\x00\x03\x00\x04"


def test_fill_asks_only_for_what_is_read():
    asked = []

    def get(name):
        asked.append(name)
        return 0

    registers.fill(0x1004, 2, get, bytearray(4))
    assert asked == ["control_state", "open_reasons"]


class _Zero:
    def read(self, function, start, count, out):
        registers.fill(start, count, lambda name: "1234" if name == "drn" else 7, out)
        return 0

    def write(self, start, count, data):
        return 0 if registers.covered(start, count, "w") else 2

    def read_file(self, number, start, count, out):
        return 0 if number == 2 else 2

    def identify(self, number):
        return ("Tjugo", "meter", "1.0")[number] if number < 3 else None


def _talk(trace, request, known):
    server = Server(request[0] or 1, _Zero())
    server.gap()
    reply = server.receive(request)
    told = [trace.describe(request, True if known else None)]
    if reply is not None:
        told.append(trace.describe(bytes(reply), False if known else None))
    return told


def test_a_bus_trace_reads_like_sentences():
    for known in (True, False):
        trace = decode.Trace()
        assert _talk(trace, client.read_request(12, 4, 0x1000, 4), known) == [
            "-> 12 read 0x1000..0x1003",
            "<- 12 energy_wh=7, credit=7",
        ]
        for number, answer in ((2, "44 bytes of files"), (3, "exception: illegal data address")):
            request = client.read_file_request(12, number, 40, 21)
            assert _talk(trace, request, known) == [
                "-> 12 read file %d record 40, 21 registers" % number,
                "<- 12 " + answer,
            ]
        entry = registers.token_entry("1" * 20, 99)
        assert _talk(trace, client.write_request(12, registers.TOKEN_START, entry), known) == [
            "-> 12 write token_ref=99, token=11111111111111111111, token_command=1",
            "<- 12 written",
        ]
        for _ in range(2):
            assert _talk(trace, client.write_single_request(12, 0x110A, 1), known) == [
                "-> 12 write token_command=1",
                "<- 12 written",
            ]
        assert _talk(trace, client.identify_request(12), known) == [
            "-> 12 read device identification",
            "<- 12 identification Tjugo, meter, 1.0",
        ]
        assert _talk(trace, client.write_single_request(12, 0x1000, 1), known) == [
            "-> 12 write 1",
            "<- 12 exception: illegal data address",
        ]
        assert _talk(trace, client.write_request(0, 0x110A, [1]), known) == [
            "-> all write token_command=1"
        ]


def test_a_trace_survives_anything():
    trace = decode.Trace()
    assert trace.describe(b"") == "?? 0 bytes that are no frame"
    assert trace.describe(b"\x01\x02\x03\x04") == "?? 4 bytes that are no frame"
    for function in (3, 4, 6, 16, 43, 99, 0x83):
        for size in range(2, 12):
            raw = bytearray(size + 2)
            raw[0] = 1
            raw[1] = function
            crc.append(raw, size)
            for outgoing in (True, False, None):
                assert "1" in trace.describe(bytes(raw), outgoing)


def test_no_key_is_in_the_map():
    for row in ROWS:
        assert "key" not in row[NAME]
        assert row[ACCESS]
    out = bytearray(2)
    put_u16(out, 0, 0x1234)
    assert out == b"\x12\x34"


def test_a_number_out_of_range_becomes_the_nearest_in_range():
    for name, value, expected in (
        ("control_state", -1, 0),
        ("control_state", 0x10000, 0xFFFF),
        ("control_state", 0xFFFF, 0xFFFF),
        ("energy_wh", -5, 0),
        ("energy_wh", 0xFFFFFFFF, 0xFFFFFFFF),
        ("energy_wh", 1 << 40, 0xFFFFFFFF),
        ("credit", -0x80000000, -0x80000000),
        ("credit", -0x80000001, -0x80000000),
        ("credit", 0x7FFFFFFF, 0x7FFFFFFF),
        ("credit", 0x80000000, 0x7FFFFFFF),
        ("credit", -1, -1),
    ):
        row = registers.row(name)
        assert registers.unpack(row, registers.encode(name, value), 0) == expected, (name, value)


def test_a_part_of_a_row_is_filled_in():
    out = bytearray(6)
    registers.fill(0x1001, 3, lambda name: {"energy_wh": 0x01020304, "credit": -2}[name], out)
    assert out == b"\x03\x04\xff\xff\xff\xfe"
    out = bytearray(2)
    registers.fill(0x1016, 1, lambda name: "123456", out)
    assert out == b"34"
