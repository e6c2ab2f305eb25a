"""A local socket per meter: JSON lines in and out, for tests and other programs."""

import asyncio
import json
from typing import Any

from tjugo import foreign_json
from tjugo.bench.meters import BadCommand, Meter

HOST = "127.0.0.1"
_LINE_LIMIT = 4096


class Control:
    """The socket of a meter: `async with Control(meter) as control: control.port`.

    In: the commands of meters.py, answered `{"ok": true}`, and `{"get": "state"}`, answered with
    the state. Out: the state whenever it changes. A bad line is answered `{"error": sentence}`. A
    line that is too long or does not begin with `{` ends the connection: an HTTP request begins
    with such a line, and a web page could send any command in the request's body.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Control":
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=_LINE_LIMIT)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *unused: object) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def push(message: dict[str, Any]) -> None:
            if not writer.is_closing():
                writer.write(json.dumps(message).encode() + b"\n")

        self._writers.add(writer)
        self._meter.watchers.add(push)
        try:
            while (line := await _read_line(reader)) != b"":
                push(self.answer(line))
                await writer.drain()
                if line is None or not line.startswith(b"{"):
                    break
        except ConnectionError:
            pass
        finally:
            self._meter.watchers.discard(push)
            self._writers.discard(writer)
            writer.close()

    def answer(self, line: bytes | None) -> dict[str, Any]:
        """Return the reply to one line; None stands for a line that was too long."""
        if line is None:
            return {"error": f"a line has at most {_LINE_LIMIT} bytes"}
        if not line.startswith(b"{"):
            return {"error": "a line is a JSON object; this one does not begin with {"}
        try:
            message = foreign_json.loads(line)
        except ValueError:
            return {"error": "this is not a line of JSON"}
        if message == {"get": "state"}:
            return self._meter.state()
        try:
            self._meter.command(message)
        except BadCommand as error:
            return {"error": str(error)}
        return {"ok": True}


async def _read_line(reader: asyncio.StreamReader) -> bytes | None:
    """Return a line, b"" at the end, None instead of a line that is too long."""
    try:
        return await reader.readline()
    except ValueError:
        return None
