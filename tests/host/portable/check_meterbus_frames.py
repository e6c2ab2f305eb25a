"""Frames, lengths, client and server over a shared line. Runs on CPython and MicroPython."""

from meterbus import client, crc, frame, registers
from meterbus.server import Server


class Handler:
    """Registers 0..99 hold their own number plus 1000; 200..209 may be written."""

    def __init__(self):
        self.written = []

    def read(self, function, start, count, out):
        if start + count > 100:
            return frame.ILLEGAL_DATA_ADDRESS
        if function == frame.READ_HOLDING_REGISTERS and start == 99:
            return frame.SERVER_DEVICE_BUSY
        for i in range(count):
            frame.put_u16(out, 2 * i, start + i + 1000)
        return 0

    def write(self, start, count, data):
        if start < 200 or start + count > 210:
            return frame.ILLEGAL_DATA_ADDRESS
        self.written.append((start, bytes(data)))
        return 0

    def read_file(self, number, start, count, out):
        if number != 4 or start + count > 1000:
            return frame.ILLEGAL_DATA_ADDRESS
        if start == 900:
            return frame.SERVER_DEVICE_FAILURE
        for i in range(count):
            frame.put_u16(out, 2 * i, start + i + 5000)
        return 0

    def identify(self, number):
        return ("Tjugo", "meter", "1.0", None, "prepaid")[number] if number < 5 else None


def _server(address=5):
    server = Server(address, Handler())
    server.gap()
    return server


def _ask(server, request):
    """Return the reply of the server, recognised by the client's parser."""
    parser = client.ReplyParser(request)
    reply = server.receive(request)
    assert reply is not None
    assert parser.receive(bytes(reply)) is True
    return parser


def _with_crc(head):
    out = bytearray(len(head) + 2)
    out[: len(head)] = head
    crc.append(out, len(head))
    return bytes(out)


def _reply_of(address, request):
    return bytes(_server(address).receive(request))


def test_crc_of_the_published_example():
    assert _with_crc(b"\x02\x07") == b"\x02\x07\x41\x12"
    assert crc.good(b"\x02\x07\x41\x12", 0, 4)
    assert not crc.good(b"\x02\x07\x41\x13", 0, 4)


def test_request_bytes():
    assert client.read_request(1, 3, 0x6B, 3) == _with_crc(b"\x01\x03\x00\x6b\x00\x03")
    assert client.write_request(1, 1, [10, 0x102]) == _with_crc(
        b"\x01\x10\x00\x01\x00\x02\x04\x00\x0a\x01\x02"
    )
    assert client.write_single_request(1, 1, 3) == _with_crc(b"\x01\x06\x00\x01\x00\x03")
    assert client.identify_request(1) == _with_crc(b"\x01\x2b\x0e\x01\x00")


def test_requests_that_cannot_be_sent():
    for wrong in (
        lambda: client.read_request(0, 3, 0, 1),
        lambda: client.read_request(248, 3, 0, 1),
        lambda: client.read_request(1, 5, 0, 1),
        lambda: client.read_request(1, 3, 0, 126),
        lambda: client.read_request(1, 3, 0, 0),
        lambda: client.read_request(1, 3, 0xFFFF, 2),
        lambda: client.read_file_request(1, 4, 0, 122),
        lambda: client.read_file_request(0, 4, 0, 1),
        lambda: client.write_request(1, 0, [0] * 124),
        lambda: client.write_request(1, 0, b"odd"),
    ):
        try:
            wrong()
        except ValueError:
            continue
        raise AssertionError("not refused")


def test_read_both_functions():
    for function in (3, 4):
        assert _ask(_server(), client.read_request(5, function, 10, 3)).values() == [
            1010,
            1011,
            1012,
        ]


def test_write_one_and_many():
    server = _server()
    assert _ask(server, client.write_single_request(5, 201, 7)).exception == 0
    assert _ask(server, client.write_request(5, 202, [1, 2])).exception == 0
    assert server._handler.written == [(201, b"\x00\x07"), (202, b"\x00\x01\x00\x02")]


def test_exceptions():
    many = _with_crc(b"\x05\x10\x00\xc8\x00\x02\x02\x00\x01")  # count and byte count disagree
    none = _with_crc(b"\x05\x10\x00\xc8\x00\x00\x00")
    too_many = _with_crc(b"\x05\x03\x00\x00\x00\x7e")
    for request, code in (
        (client.read_request(5, 3, 100, 1), 2),
        (client.read_request(5, 3, 99, 1), 6),
        (too_many, 3),
        (_with_crc(b"\x05\x03\x00\x00\x00\x00"), 3),
        (_with_crc(b"\x05\x03\xff\xff\x00\x02"), 2),
        (client.write_request(5, 0, [1]), 2),
        (many, 3),
        (none, 3),
        (_with_crc(b"\x05\x2b\x0d\x01\x00"), 1),
        (_with_crc(b"\x05\x2b\x0e\x07\x00"), 3),
        (client.identify_request(5, 4, 9), 2),
    ):
        parser = _ask(_server(), request)
        assert parser.exception == code, (request, parser.exception)


def test_file_records():
    request = client.read_file_request(5, 4, 1, 2)
    assert request == _with_crc(b"\x05\x14\x07\x06\x00\x04\x00\x01\x00\x02")
    assert _reply_of(5, request) == _with_crc(b"\x05\x14\x06\x05\x06\x13\x89\x13\x8a")
    assert _ask(_server(), request).values() == [5001, 5002]
    whole = client.read_file_request(5, 4, 0, 121)
    assert len(_reply_of(5, whole)) == 5 + 244 <= frame.MAX_FRAME
    assert _ask(_server(), whole).values() == list(range(5000, 5121))


def test_groups_of_file_records():
    group = b"\x06\x00\x04\x00\x0a\x00\x01"
    request = _with_crc(b"\x05\x14\x0e" + group + b"\x06\x00\x04\x00\x14\x00\x02")
    expected = b"\x05\x14\x0a\x03\x06\x13\x92\x05\x06\x13\x9c\x13\x9d"
    assert _reply_of(5, request) == _with_crc(expected)
    many = _with_crc(b"\x05\x14" + bytes((35 * 7,)) + group * 35)
    assert len(_reply_of(5, many)) == 5 + 35 * 4


def test_file_records_that_are_refused():
    group = b"\x06\x00\x04\x00\x0a\x00\x01"
    for data, code in (
        (b"", 3),
        (group[:6], 3),
        (group + b"\x06", 3),
        (b"\x06\x00\x04\x00\x0a\x00\x00", 3),
        (b"\x06\x00\x04\x00\x0a\x00\x7a", 3),  # the reply would be too long
        (b"\x06\x00\x04\x00\x0a\x00\x79" + group, 3),
        (b"\x05\x00\x04\x00\x0a\x00\x01", 2),
        (b"\x06\x00\x05\x00\x0a\x00\x01", 2),
        (b"\x06\x00\x04\x03\xe7\x00\x02", 2),
        (group + b"\x06\x00\x04\x27\x10\x00\x01", 2),
        (group + b"\x06\x00\x04\x03\x84\x00\x01", 4),
    ):
        request = b"\x05\x14" + bytes((len(data),)) + data
        reply = bytes(_server().receive(_with_crc(request)))
        assert reply == _with_crc(bytes((5, 0x94, code))), data
    assert _server().receive(_with_crc(b"\x00\x14\x07" + group)) is None  # a broadcast
    parser = _ask(_server(), client.read_file_request(5, 4, 1000, 1))
    assert parser.refused and parser.exception == 2


def test_client_does_not_take_the_reply_to_another_file_request():
    asked = client.read_file_request(5, 4, 0, 3)
    for other in (client.read_file_request(5, 4, 0, 2), client.read_file_request(6, 4, 0, 3)):
        parser = client.ReplyParser(asked)
        assert not parser.receive(_reply_of(other[0], other))


def test_a_handler_that_cannot_store_gives_device_failure():
    server = _server()

    def broken(start, count, data):
        raise OSError(28)

    server._handler.write = broken
    parser = _ask(server, client.write_single_request(5, 200, 1))
    try:
        parser.check()
    except client.BusException as refused:
        assert refused.code == 4
        return
    raise AssertionError("no exception")


def test_unknown_function_is_answered_after_the_silence():
    server = _server()
    assert server.receive(_with_crc(b"\x05\x63\x01")) is None
    assert bytes(server.gap()) == _with_crc(b"\x05\xe3\x01")


def test_identification():
    server = _server()
    assert _ask(server, client.identify_request(5)).objects() == {0: "Tjugo", 1: "meter", 2: "1.0"}
    regular = _ask(server, client.identify_request(5, 2)).objects()
    assert regular == {0: "Tjugo", 1: "meter", 2: "1.0", 4: "prepaid"}
    assert _ask(server, client.identify_request(5, 4, 4)).objects() == {4: "prepaid"}
    assert _ask(server, client.identify_request(5, 1, 2)).objects() == {2: "1.0"}
    assert _ask(server, client.identify_request(5, 1, 99)).objects()[0] == "Tjugo"


def test_identification_that_does_not_fit_goes_on():
    server = _server()
    server._handler.identify = lambda number: "x" * 100 if number < 5 else None
    first = server.receive(client.identify_request(5, 2))
    assert (first[5], first[6], first[7]) == (0xFF, 2, 2)
    second = server.receive(client.identify_request(5, 2, 2))
    assert (second[5], second[6], second[7]) == (0xFF, 4, 2)
    third = server.receive(client.identify_request(5, 2, 4))
    assert (third[5], third[7]) == (0, 1)


def test_broadcast_is_obeyed_and_not_answered():
    server = _server()
    assert server.receive(client.write_request(0, 200, [9])) is None
    assert server._handler.written == [(200, b"\x00\x09")]
    assert server.receive(_with_crc(b"\x00\x03\x00\x00\x00\x01")) is None
    assert _ask(server, client.read_request(5, 3, 0, 1)).values() == [1000]


def test_bytes_one_at_a_time():
    server = _server()
    request = client.read_request(5, 3, 0, 2)
    for byte in request[:-1]:
        assert server.receive(bytes((byte,))) is None
    reply = bytes(server.receive(request[-1:]))
    parser = client.ReplyParser(request)
    for byte in reply[:-1]:
        assert parser.receive(bytes((byte,))) is False
    assert parser.receive(reply[-1:]) is True


def test_other_servers_are_stepped_over_without_a_silence():
    """A coarse clock may not see the gaps; a frame for us behind others' frames still counts."""
    line = b""
    for request in (
        client.read_request(7, 3, 0, 20),
        client.read_request(7, 4, 0x300, 4),
        client.write_request(8, 200, [1, 2, 3]),
        client.write_single_request(9, 201, 5),
        client.identify_request(7, 2),
        client.read_file_request(7, 4, 0, 100),
        client.read_file_request(7, 9, 0, 100),
        client.read_request(7, 3, 100, 1),
    ):
        line += request + _reply_of(request[0], request)
    server = _server()
    parser = client.ReplyParser(client.read_request(5, 3, 0, 1))
    assert parser.receive(bytes(server.receive(line + client.read_request(5, 3, 0, 1))))


def test_a_request_inside_another_servers_reply_is_not_obeyed():
    """The data of server 7 is, byte for byte, a frame and then a write to us."""
    poison = client.write_single_request(5, 200, 0xDEAD)
    request = client.read_request(7, 3, 0, 8)
    # Its first 8 bytes are a good frame: address 7, function 3, 16 data bytes, ..., CRC.
    body = _with_crc(b"\x07\x03\x10\x00\x00\x01") + poison + b"\x00\x00\x00"
    reply = _with_crc(body[: 3 + 16])
    server = _server()
    assert server.receive(request + reply) is None
    server.gap()
    assert server._handler.written == []
    assert server.receive(reply) is None  # its request was not received, or long before
    server.gap()
    assert server._handler.written == []


def test_noise_is_forgotten_after_a_silence():
    server = _server()
    request = client.read_request(5, 3, 0, 1)
    assert server.receive(b"\x09" + request) is None
    assert server.gap() is None
    assert server.receive(request) is not None
    assert server.receive(request[:-1] + b"\x00") is None
    assert server.receive(request) is None  # still the same burst
    server.gap()
    assert server.receive(request) is not None


def test_stray_bytes_before_a_request_do_not_silence_the_server():
    for address in (5, 3, 4, 6, 16, 43):
        for stray in (b"\x00", b"\xff", b"\x00\xff", b"\xfe\x00\x00\xf8"):
            server = _server(address)
            for request in (
                client.read_request(address, 3, 0, 1),
                client.write_request(address, 200, [7, 8]),
                client.identify_request(address),
            ):
                assert server.receive(stray + request) is None  # not before the silence
                reply = server.gap()
                assert reply is not None, (address, stray, request)
                assert client.ReplyParser(request).receive(bytes(reply))
            assert server._handler.written == [(200, b"\x00\x07\x00\x08")]


def test_only_one_whole_request_behind_stray_bytes_is_obeyed():
    write = client.write_single_request(5, 200, 0xDEAD)
    server = _server()
    for line in (
        b"\x00" * 5 + write,
        b"\xff" + write[:-1] + bytes((write[-1] ^ 1,)),
        b"\xff" + write + b"\x00",
        b"\xff\x09" + write,
        b"\x00" + client.write_single_request(6, 200, 1),
        b"\xff" * 300 + write,
    ):
        assert server.receive(line) is None
        assert server.gap() is None, line
    assert server._handler.written == []


def test_a_request_inside_a_broadcast_is_not_obeyed():
    """The broadcast begins with 0, as a stray byte would, and carries a frame to server 16."""
    server = _server(16)
    inner = _with_crc(b"\x10\x06\x00\xc8\xde\xad")
    for line in (
        client.write_request(0, 0x0600, inner),
        _with_crc(b"\x00\x63" + inner),
        _with_crc(b"\x00" + inner),
        client.read_request(7, 3, 0, 1) + b"\x00" + inner,
    ):
        assert server.receive(line) is None
        assert server.gap() is None
        assert server._handler.written == []


def test_nothing_is_believed_before_the_first_silence():
    server = Server(5, Handler())
    assert server.receive(client.read_request(5, 3, 0, 1)) is None
    server.gap()
    assert server.receive(client.read_request(5, 3, 0, 1)) is not None


def test_too_long_a_frame():
    server = _server()
    assert server.receive(b"\x05\x10\x00\x00\x00\x7f\xfe" + b"\x00" * 300) is None
    assert server.receive(b"\x09" * 600) is None
    server.gap()
    assert server.receive(client.read_request(5, 3, 0, 1)) is not None


def test_a_short_frame_with_a_good_crc_is_not_obeyed():
    server = _server()
    assert server.receive(_with_crc(b"\x05\x03\x00")) is None
    assert server.gap() is None


def test_random_bytes_never_stop_the_server():
    state = 12345
    server = _server()
    request = client.read_request(5, 4, 0, 2)
    for _ in range(200):
        noise = bytearray()
        for _ in range(state % 40):
            state = (state * 1103 + 12347) % 65521
            noise.append((5, 0, 3, 16, 6, 43, state & 0xFF, state >> 8)[state % 8])
        server.receive(noise)
        server.gap()
        reply = server.receive(request)
        assert reply is not None and client.ReplyParser(request).receive(bytes(reply))
        server.gap()


def test_client_finds_the_reply_behind_garbage():
    request = client.read_request(5, 3, 0, 2)
    reply = _reply_of(5, request)
    parser = client.ReplyParser(request)
    assert parser.receive(b"\x00\xff\x05\x03" + reply)
    assert parser.values() == [1000, 1001]


def test_client_does_not_take_anothers_reply():
    request = client.read_request(5, 3, 0, 2)
    parser = client.ReplyParser(request)
    assert not parser.receive(_reply_of(6, client.read_request(6, 3, 0, 2)))
    assert not parser.receive(_reply_of(5, client.read_request(5, 3, 0, 3)))
    assert not parser.receive(_reply_of(5, client.read_request(5, 4, 0, 2)))
    assert not parser.receive(b"\x55" * 300)
    assert parser.receive(_reply_of(5, request))


def test_a_request_written_one_register_at_a_time_has_the_same_bytes():
    entry = registers.token_entry("12345678901234567890", 7)
    assert len(entry) == 2 * registers.TOKEN_COUNT
    assert client.write_request(5, registers.TOKEN_START, entry)[7:-2] == entry
