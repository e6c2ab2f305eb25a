"""The MQTT client of the link: aiomqtt and paho, safe against whatever a broker sends.

Both libraries trust the broker. An exception while a packet is read leaves the socket open and
watched, so that the event loop fails at it again and again; a message is kept whatever its length;
a connection that ends before its log-in is noticed by a timeout only. Here a message that cannot
be used is dropped and reported, and any other fault ends the connection, with its socket, at once.

This uses parts of aiomqtt 2.5 and paho 2.2 that they do not document; both versions are locked.
"""

import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.types import PahoSocket

from tjugo.station.link.broker import Broker
from tjugo.station.link.limits import LOG_PERIOD_S, OncePer

TIMEOUT_S = 10.0  # for each answer of the broker
QUEUE = 10_000  # messages that wait to be handled; further ones are dropped
MOST_BYTES = 8_192  # of a message; those of collectors have less than 5,000
_KEPT = 2 * MOST_BYTES + 4  # of a packet: lengths, packet id, the longest topic and such a message
_AT_ONCE = 100  # packets that are read before other tasks get their turn
_UNSENT = 20_000  # acknowledgements that the broker does not read

_PROTOCOL, _KEEPALIVE = 130, 141  # paho's reasons of an end (MQTT 5, table 2-6)
_ENDS = {
    _PROTOCOL: "it does not follow MQTT 3.1.1",
    _KEEPALIVE: "it no longer answers",
}
_CLOSED = "it closed the connection"


class _Seldom(logging.Filter):
    """Passes one record of each text per period: a broker causes any number of them."""

    def __init__(self) -> None:
        super().__init__()
        self._once = OncePer(LOG_PERIOD_S)

    def filter(self, record: logging.LogRecord) -> bool:
        return self._once.due(str(record.msg), time.monotonic()) is not None


_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)
_log.addFilter(_Seldom())


class Client(aiomqtt.Client):
    """A connection to the broker. unusable: is called with the topic of each message that is
    dropped because of its topic or its length; overflow: for each one beyond the queue."""

    def __init__(
        self,
        broker: Broker,
        unusable: Callable[[bytes], None],
        overflow: Callable[[], None],
    ) -> None:
        super().__init__(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            tls_context=broker.tls_context(),
            logger=_log,
            timeout=TIMEOUT_S,
            max_queued_incoming_messages=QUEUE,
        )
        self._unusable = unusable
        self._overflow = overflow
        self._given_up = False
        self._ended: str | None = None

    def close(self) -> None:
        """Close the socket, whatever the state of the connection."""
        self._given_up = True
        self._client._sock_close()

    async def __aenter__(self) -> Self:
        """Connect. Raise aiomqtt.MqttError, also if the connection has ended again already."""
        await super().__aenter__()
        if self._ended is not None:
            raise aiomqtt.MqttError(self._ended)
        return self

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        if len(message.payload) > MOST_BYTES or not _is_topic(message._topic):
            self._unusable(message._topic)
        elif self._queue.full():
            self._overflow()
        else:
            super()._on_message(client, userdata, message)

    def _on_disconnect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason_code: Any,
        properties: Any = None,
    ) -> None:
        if reason_code == paho.MQTT_ERR_SUCCESS:
            super()._on_disconnect(client, userdata, flags, reason_code, properties)
        else:
            self._lost(_ENDS.get(reason_code.value, _CLOSED))

    def _lost(self, why: str) -> None:
        """Tell those who wait for the connection or its messages why it has ended."""
        self._ended = self._ended or why
        for future in (self._connected, self._disconnected):
            if not future.done():
                kind = aiomqtt.MqttError if future is self._connected else ConnectionError
                future.set_exception(kind(why))
                future.exception()  # asyncio logs one that nobody has asked for
                return

    @contextmanager
    def _ended_by_faults(self) -> Iterator[None]:
        """End the connection if the block raises."""
        try:
            yield
        except Exception as error:
            self._client._sock_close()
            self._lost(str(error) or type(error).__name__)

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: PahoSocket) -> None:
        # Called in the thread that connects.
        self._loop.call_soon_threadsafe(self._watch, sock)

    def _watch(self, sock: PahoSocket) -> None:
        if self._given_up:  # while that thread was connecting
            self._client._sock_close()
        elif self._holds(sock):
            self._loop.add_reader(sock.fileno(), self._read, sock)
            self._misc_task = self._loop.create_task(self._misc_loop())

    def _holds(self, sock: PahoSocket) -> bool:
        """Return whether this socket is open and in use."""
        return self._client.socket() is sock

    def _read(self, sock: PahoSocket) -> None:
        with self._ended_by_faults():
            for _ in range(_AT_ONCE):
                self._client.loop_read()
                if not self._holds(sock):
                    return
                self._check()
                # Bytes that TLS has decrypted already do not make the socket readable.
                if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                    return
            self._loop.call_soon(self._read, sock)

    def _check(self) -> None:
        """Bound what a broker makes this client keep. Raise ConnectionError."""
        # Of a packet that is too long the beginning is kept, so that it can be acknowledged.
        del self._client._in_packet["packet"][_KEPT:]
        if self._client._in_messages:
            raise ConnectionError("it sends with a QoS that was not asked for")
        if len(self._client._out_packet) > _UNSENT:
            raise ConnectionError("it does not read what is sent to it")

    def _on_socket_register_write(
        self, client: paho.Client, userdata: Any, sock: PahoSocket
    ) -> None:
        # Called in the thread that connects, too.
        self._loop.call_soon_threadsafe(self._write_later, sock)

    def _write_later(self, sock: PahoSocket) -> None:
        # Until this is called the socket may have been closed, and another one have its number.
        if self._holds(sock):
            self._loop.add_writer(sock.fileno(), self._write, sock)

    def _write(self, sock: PahoSocket) -> None:
        with self._ended_by_faults():
            self._client.loop_write()
            if self._holds(sock) and not self._client.want_write():
                self._loop.remove_writer(sock.fileno())

    async def _misc_loop(self) -> None:
        with self._ended_by_faults():
            await super()._misc_loop()


@asynccontextmanager
async def connection(
    broker: Broker, unusable: Callable[[bytes], None], overflow: Callable[[], None]
) -> AsyncIterator[Client]:
    """Connect to the broker for the block. Raise aiomqtt.MqttError, OSError or TjugoError."""
    client = Client(broker, unusable, overflow)
    try:
        async with client:
            yield client
    finally:
        client.close()


def _is_topic(raw: bytes) -> bool:
    """Return whether a message can have this topic (MQTT 3.1.1, clauses 1.5.3 and 3.3.2.1)."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return False
    return not any(char in text for char in "\0+#")
