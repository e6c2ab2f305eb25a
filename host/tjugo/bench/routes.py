"""The bench page: its screen, its event stream, and what can be done there."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.templating import Jinja2Templates

from tjugo.bench.codes import SHORT_CODES
from tjugo.bench.hub import Hub
from tjugo.bench.meters import MOST_LOAD_W, BadCommand

SPEEDS = (1, 10, 60, 600)
NOISE = 0.0005  # bit errors a bit: about one reply in five arrives damaged
COLLISIONS = 0.2  # of all transmissions


class BenchView(Protocol):
    """What the page needs of a running bench."""

    hub: Hub

    def command(self, drn: str, message: Any) -> None: ...
    def kill(self, part: str) -> None: ...
    def set_speed(self, speed: Any) -> None: ...
    def set_bus(self, settings: Any) -> None: ...


def bench_router(bench: BenchView, templates: Jinja2Templates) -> APIRouter:
    """The bench page at /bench and what it uses. What is refused is `{"error": sentence}`:
    404 for a part that is not there, else 400."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/bench")
    def page(request: Request) -> Response:
        values = {
            "speeds": SPEEDS,
            "most_load_w": MOST_LOAD_W,
            "noise": NOISE,
            "collisions": COLLISIONS,
            "codes": SHORT_CODES,
        }
        return templates.TemplateResponse(request, "bench.html", values)

    @routes.get("/bench/events")
    async def events() -> Response:
        return StreamingResponse(_event_stream(bench.hub), media_type="text/event-stream")

    @routes.get("/bench/news")
    async def news(run: str = "", seen: int = 0) -> dict[str, Any]:
        return bench.hub.news(run, seen)

    @routes.get("/bench/state")
    async def state() -> dict[str, Any]:
        return bench.hub.snapshot()

    @routes.post("/bench/meters/{drn}")
    async def command(drn: str, message: Any = Body()) -> Response:
        return _answer(lambda: bench.command(drn, message))

    @routes.post("/bench/kill")
    async def kill(part: str = Body(embed=True)) -> Response:
        return _answer(lambda: bench.kill(part))

    @routes.post("/bench/speed")
    async def speed(speed: Any = Body(embed=True)) -> Response:
        return _answer(lambda: bench.set_speed(speed))

    @routes.post("/bench/bus")
    async def bus(settings: Any = Body()) -> Response:
        return _answer(lambda: bench.set_bus(settings))

    return routes


def _answer(action: Callable[[], None]) -> Response:
    try:
        action()
    except BadCommand as error:
        return JSONResponse({"error": str(error)}, 400)
    except KeyError as error:
        return JSONResponse({"error": f"there is no part {error} on this bench"}, 404)
    return JSONResponse({"ok": True})


async def _event_stream(hub: Hub) -> AsyncIterator[str]:
    async for news in hub.changes():
        yield f"data: {json.dumps(news)}\n\n"
