"""Limits of the web server: connections, time and bodies."""

import asyncio
import contextlib
import socket

import pytest
from starlette.responses import PlainTextResponse

from tjugo.web.connections import Limits
from tjugo.web.serve import HOST, WebServer, listen

WAIT_S = 20


async def _app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while scope["method"] == "POST" and (await receive()).get("more_body"):
        pass
    await PlainTextResponse("ok")(scope, receive, send)


@contextlib.asynccontextmanager
async def _server(**limits):
    sock = listen(0)
    server = WebServer(_app, sock, Limits(**limits))
    task = asyncio.create_task(server.run())
    while not server.ready:
        await asyncio.sleep(0.01)
    try:
        yield sock.getsockname()[1]
    finally:
        await server.stop(task)


async def _open(port, text=b""):
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(text)
    return reader, writer


async def _all(reader):
    return await asyncio.wait_for(reader.read(), WAIT_S)


GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n"
HALVES = [b"", b"GET / HT", GET[:-2], POST, POST + b"12345"]


@pytest.mark.parametrize("half", HALVES, ids=range(len(HALVES)))
def test_half_a_request_is_answered_and_closed(half):
    async def check():
        async with _server(request_s=0.1) as port:
            reader, _ = await _open(port, half)
            answer = await _all(reader)
            assert answer.startswith(b"HTTP/1.1 408 ") and b"took too long" in answer

    asyncio.run(check())


def test_half_a_request_after_a_whole_one():
    async def check():
        async with _server(request_s=0.1) as port:
            reader, writer = await _open(port, GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await reader.readuntil(b"\r\n\r\nok")
            writer.write(GET[:-2])
            assert (await _all(reader)).startswith(b"HTTP/1.1 408 ")

    asyncio.run(check())


def test_a_head_without_end_is_refused():
    async def check():
        async with _server(head_bytes=1000) as port:
            reader, writer = await _open(port, GET[:-2] + b"x: ")
            for _ in range(2):
                # Once another request is answered the server has read what was sent before it.
                other, _ = await _open(port, GET)
                assert (await other.readline()).startswith(b"HTTP/1.1 200")
                writer.write(b"y" * 600)
            assert (await _all(reader)).startswith(b"HTTP/1.1 431 ")
            reader, _ = await _open(port, GET[:-2] + b"x: " + b"y" * 900 + b"\r\n\r\n" + GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    asyncio.run(check())


REFUSED = [
    b"GET / HTTP/1.1\r\nhost: localhost\r\nx y: 1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nx: a\0b\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1x\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n"
    b"transfer-encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"CONNECT localhost:1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
]


@pytest.mark.parametrize("request_", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_request_is_refused(request_):
    async def check():
        async with _server() as port:
            reader, _ = await _open(port, request_)
            assert (await _all(reader)).startswith(b"HTTP/1.1 400 ")
            reader, _ = await _open(port, GET)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    asyncio.run(check())


def test_requests_on_one_connection_are_answered_in_their_order():
    async def check():
        async with _server(keep_alive_s=0) as port:
            body = POST + b"1234567890"
            reader, _ = await _open(port, GET + body + GET)
            assert (await _all(reader)).count(b"HTTP/1.1 200") == 3

    asyncio.run(check())


def test_a_connection_that_idles_is_closed():
    async def check():
        async with _server(keep_alive_s=0) as port:
            reader, _ = await _open(port, GET)
            assert (await _all(reader)).endswith(b"ok")

    asyncio.run(check())


def test_with_a_thousand_half_open_ones_it_still_serves():
    async def check():
        async with _server(connections=20) as port:
            halves = []
            for _ in range(200):
                halves.append(await _open(port, b"GET / HT"))
            for _ in range(3):
                reader, writer = await _open(port, GET)
                assert (await asyncio.wait_for(reader.readline(), WAIT_S)).startswith(
                    b"HTTP/1.1 200"
                )
                writer.close()
            # The oldest were closed to make room.
            with contextlib.suppress(ConnectionError):
                assert await _all(halves[0][0]) == b""
            for _, writer in halves:
                writer.close()

    asyncio.run(check())


def test_beyond_the_limit_of_requests_at_work_there_is_an_answer():
    begun, release = asyncio.Event(), asyncio.Event()

    async def check():
        async def slow(scope, receive, send):
            if scope["type"] == "http":
                begun.set()
                await release.wait()
            await _app(scope, receive, send)

        sock = listen(0)
        server = WebServer(slow, sock, Limits(connections=1))
        task = asyncio.create_task(server.run())
        while not server.ready:
            await asyncio.sleep(0.01)
        port = sock.getsockname()[1]
        first, kept = await _open(port, GET)
        await begun.wait()
        second, _ = await _open(port, GET)
        answer = await _all(second)
        assert answer.startswith(b"HTTP/1.1 503 ") and b"Too many connections" in answer
        release.set()
        assert (await first.readline()).startswith(b"HTTP/1.1 200")
        kept.close()
        await server.stop(task)

    asyncio.run(check())


def test_an_upgrade_is_ignored_in_silence(caplog):
    async def check():
        async with _server(keep_alive_s=0) as port:
            upgrade = b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"
            reader, _ = await _open(port, GET[:-2] + upgrade)
            assert (await _all(reader)).endswith(b"ok")

    asyncio.run(check())
    assert caplog.records == []


def test_answers_are_sent_at_once():
    """No TCP_NODELAY, and each answer on a connection that is kept takes 40 ms longer."""
    seen = []

    async def app(scope, receive, send):
        await _app(scope, receive, send)
        if scope["type"] == "http":
            connection = next(iter(server._server.server_state.connections))
            raw = connection.transport.get_extra_info("socket")
            seen.append(raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    sock = listen(0)
    server = WebServer(app, sock)

    async def check():
        task = asyncio.create_task(server.run())
        while not server.ready:
            await asyncio.sleep(0.01)
        reader, _ = await _open(sock.getsockname()[1], GET)
        await reader.readline()
        await server.stop(task)

    asyncio.run(check())
    assert seen and all(seen)
