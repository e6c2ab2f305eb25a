"""The embedded MQTT broker: amqtt on a free port of 127.0.0.1, anonymous."""

import asyncio
import logging
from types import TracebackType

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker

_LISTENER = "bench"
_CONFIG = {
    "listeners": {"default": {"type": "external"}, _LISTENER: {"type": "external"}},
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


class EmbeddedBroker:
    """The broker: `async with EmbeddedBroker() as broker: broker.port`.

    Its listening socket is opened here and not by amqtt, because only then can the system choose
    the port.
    """

    host = "127.0.0.1"

    async def __aenter__(self) -> "EmbeddedBroker":
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._broker = Broker(_CONFIG)
        await self._broker.start()
        self._server = await asyncio.start_server(self._connected, self.host, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._broker.shutdown()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._broker.external_connected(
            StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER
        )
