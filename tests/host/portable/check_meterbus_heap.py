"""The server allocates nothing while it receives what is not for it, however it is cut.

On MicroPython the heap is locked meanwhile: an allocation raises MemoryError.
"""

from heap_rig import heap_lock, heap_unlock

from meterbus import client, crc
from meterbus.server import Server

OWN, OTHER = 5, 6
CHUNK = bytearray(64)


class Handler:
    def read(self, _function, _start, _count, _out):
        return 0

    def write(self, _start, _count, _data):
        return 0


def framed(head):
    frame = bytearray(len(head) + 2)
    frame[: len(head)] = head
    crc.append(frame, len(head))
    return bytes(frame)


def line():
    """Return what comes over a line, with the silences: (bytes, bytes of a piece)."""
    request = client.read_request(OTHER, 3, 0, 28)
    reply = framed(bytes((OTHER, 3, 56)) + bytes(56))
    file = framed(bytes((OTHER, 20, 7, 6, 0, 1, 0, 0, 0, 8)))
    whole = request + reply
    damaged = whole[:9] + b"\xff" + whole[10:]
    own = client.read_request(OWN, 3, 0, 2)
    spoilt = own[:-1] + bytes((own[-1] ^ 1,))
    noise = bytes([(7 * n + 3) & 0xFF for n in range(300)])
    return [
        (data, size)
        for data in (whole, file, damaged, spoilt, noise, b"\x00" + whole, own[:5], b"\xff" * 260)
        for size in (1, 3, 64)
    ]


def receive(server, data, size):
    """Give the server the bytes in pieces, as the buffer of the line has them; then a silence."""
    at = 0
    while at < len(data):
        count = 0
        while count < size and at < len(data):
            CHUNK[count] = data[at]
            count += 1
            at += 1
        assert server.receive(CHUNK, count) is None
    assert server.gap() is None


def test_receiving_allocates_nothing():
    server = Server(OWN, Handler())
    server.gap()
    for data, size in line():
        receive(server, data, size)  # what is made once is there then
        heap_lock()
        try:
            receive(server, data, size)
        finally:
            heap_unlock()
    assert server.bad
    assert server.receive(client.read_request(OWN, 3, 0, 2)) is not None


def test_only_as_many_bytes_are_taken_as_came():
    server = Server(OWN, Handler())
    server.gap()
    request = client.read_request(OWN, 3, 0, 2)
    CHUNK[: len(request)] = request
    assert server.receive(CHUNK, len(request) - 1) is None
    assert server.receive(request[-1:]) is not None
