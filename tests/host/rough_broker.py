"""A broker that sends what a test gives it, in place of an answer or after all of them."""

import asyncio
import itertools
import json
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

# Where a case takes effect: instead of CONNACK, instead of the first SUBACK, after the last one.
CONNECT, SUBSCRIBE, LATER = "connect", "subscribe", "later"

CONNACK = b"\x20\x02\x00\x00"
_SUBSCRIPTIONS = 5


@dataclass(frozen=True)
class Case:
    """The bytes of one connection. closes: the broker closes the connection after them."""

    at: str = LATER
    data: bytes = b""
    closes: bool = False


def packet(head: int, body: bytes) -> bytes:
    """Return an MQTT packet."""
    size, length = len(body), bytearray()
    while size or not length:
        length.append(size & 0x7F | (0x80 if size > 0x7F else 0))
        size >>= 7
    return bytes((head,)) + bytes(length) + body


def publish(topic: bytes, payload: bytes = b"online", mid: int = 1, qos: int = 1) -> bytes:
    """Return a PUBLISH packet."""
    body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if qos else b"")
    return packet(0x30 | qos << 1, body + payload)


class RoughBroker:
    """Serves one case to each connection, and behaves well to all further ones.

    connections: how many were made; open: how many are not closed yet. published: the messages
    that arrived, as (topic, content); acknowledged: the packet ids of PUBACKs.
    """

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = itertools.chain(cases, itertools.repeat(Case()))
        self.connections = self.open = 0
        self.published: list[tuple[str, Any]] = []
        self.acknowledged: list[int] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side closes it."""
        self.connections += 1
        self.open += 1
        try:
            await self._serve(next(self._cases), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _serve(
        self, case: Case, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        subscribed = 0
        while True:
            kind, body = await _read(reader)
            subscribed += kind == 8
            stages = {CONNECT: kind == 1, SUBSCRIBE: kind == 8 and subscribed == 1}
            if stages.get(case.at):
                writer.write(case.data)
            else:
                writer.write(self._answer(kind, body))
            last = kind == 8 and subscribed == _SUBSCRIPTIONS
            if case.at == LATER and last:
                writer.write(case.data)
            await writer.drain()
            if case.closes and (stages.get(case.at) or (case.at == LATER and last)):
                return

    def _answer(self, kind: int, body: bytes) -> bytes:
        if kind == 1:
            return CONNACK
        if kind == 8:
            return packet(0x90, body[:2] + b"\x01")
        if kind == 12:
            return packet(0xD0, b"")
        if kind == 4:
            self.acknowledged.append(int.from_bytes(body, "big"))
        if kind != 3:
            return b""
        end = 2 + int.from_bytes(body[:2], "big")
        self.published.append((body[2:end].decode(), json.loads(body[end + 2 :])))
        return packet(0x40, body[end : end + 2])


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readexactly(1))[0]
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return head >> 4, await reader.readexactly(size)


@asynccontextmanager
async def rough_broker(*cases: Case) -> AsyncIterator[RoughBroker]:
    """Run a broker with these cases on 127.0.0.1."""
    broker = RoughBroker(cases)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
