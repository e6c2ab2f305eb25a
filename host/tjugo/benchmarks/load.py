"""The load of the vend benchmarks, in a process of its own: 32 clients with raw sockets.

    python -m tjugo.benchmarks.load PORT SECONDS vend|bare DRN...

Each client keeps its connection, and sends its next request when it has the answer. What is
printed: {"answers", "refused", "seconds", "p50_ms", "p99_ms"}.
"""

import json
import os
import selectors
import socket
import sys
import time
from itertools import count

CLIENTS = 32
_HEAD = (
    b"%s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n"
)


def vend(number: int, drns: list[str]) -> bytes:
    """Return the request of a sale with an id of its own."""
    body = b'{"drn":"%s","kwh":"12.5"}' % drns[number % len(drns)].encode()
    line = b"PUT /api/v1/vends/%d-%d" % (os.getpid(), number)
    return _HEAD % (line, len(body)) + body


def bare(number: int, _drns: list[str]) -> bytes:
    """Return a request for one insert."""
    body = b'{"number":%d,"text":"12345678901234567890"}' % number
    return _HEAD % (b"POST /insert", len(body)) + body


class Client:
    """A connection, and the answer that is being received."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self._received = b""

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._received = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> int | None:
        """Receive what there is; return the status once the answer is complete."""
        self._received += self.socket.recv(65536)
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            if not self._received:
                raise ConnectionError("the server closed the connection")
            return None
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r", 1)[0])
        return int(head[9:12]) if len(body) >= length else None


def run(port: int, seconds: float, kind: str, drns: list[str]) -> dict[str, float]:
    """Send requests for the time, and return the figures."""
    request = {"vend": vend, "bare": bare}[kind]
    numbers = count()
    waits: list[float] = []
    refused = 0
    with selectors.DefaultSelector() as ready:
        for _ in range(CLIENTS):
            client = Client(port)
            ready.register(client.socket, selectors.EVENT_READ, client)
            client.send(request(next(numbers), drns))
        began = time.perf_counter()
        open_ones = CLIENTS
        while open_ones:
            for key, _ in ready.select():
                one: Client = key.data
                status = one.answer()
                if status is None:
                    continue
                now = time.perf_counter()
                waits.append(now - one.began)
                refused += status != 200
                if now - began < seconds:
                    one.send(request(next(numbers), drns))
                else:
                    ready.unregister(one.socket)
                    one.socket.close()
                    open_ones -= 1
        spent = time.perf_counter() - began
    waits.sort()
    return {
        "answers": len(waits),
        "refused": refused,
        "seconds": spent,
        "p50_ms": waits[len(waits) // 2] * 1000,
        "p99_ms": waits[len(waits) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:])))
