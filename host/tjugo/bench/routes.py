"""The bench page: its screen, its event stream, and its actions."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict

from meterbus.descriptions import CODES
from tjugo.bench.hub import Hub
from tjugo.bench.meters import MOST_LOAD_W, BadCommand
from tjugo.errors import NotFound, TjugoError

SPEEDS = (1, 10, 60, 600)
NOISE = 0.0005  # bit errors per bit: about one reply in five arrives damaged
COLLISIONS = 0.2  # of all transmissions


class KillBody(BaseModel):
    """The part to kill: a DRN, or `collector`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    part: str


class SpeedBody(BaseModel):
    """The speed of supply time, as a multiple of real time."""

    model_config = ConfigDict(extra="forbid", strict=True)

    speed: int


class BenchView(Protocol):
    """The parts of a running bench that the page uses."""

    hub: Hub

    def command(self, drn: str, message: Any) -> None: ...
    def kill(self, part: str) -> None: ...
    def set_speed(self, speed: Any) -> None: ...
    def set_bus(self, settings: Any) -> None: ...


def bench_router(bench: BenchView, templates: Jinja2Templates) -> APIRouter:
    """Return the routes of the bench page at /bench.

    What was done is answered with the number of the last change, as in the news: news of a lower
    number are from before it.
    Errors are answered as in the JSON interface: 404 for a part that does not exist, otherwise
    400.
    """
    routes = APIRouter(include_in_schema=False)

    def answer(action: Callable[[], None]) -> Response:
        _do(action)
        return JSONResponse({"ok": True, **bench.hub.position()})

    @routes.get("/bench")
    def page(request: Request) -> Response:
        values = {
            "speeds": SPEEDS,
            "most_load_w": MOST_LOAD_W,
            "noise": NOISE,
            "collisions": COLLISIONS,
            "codes": [(code, f"{label}: {text}") for code, label, text in CODES[1:]],
            "items": bench.hub.snapshot(),
        }
        return templates.TemplateResponse(request, "bench.html", values)

    @routes.get("/bench/events")
    async def events(request: Request) -> Response:
        if request.scope.get("head"):
            return Response(media_type="text/event-stream")
        return StreamingResponse(_event_stream(bench.hub), media_type="text/event-stream")

    @routes.get("/bench/news")
    async def news(run: str = "", seen: int = 0) -> dict[str, Any]:
        return bench.hub.news(run, seen)

    @routes.get("/bench/state")
    async def state() -> dict[str, Any]:
        return bench.hub.snapshot()

    @routes.post("/bench/meters/{drn}")
    async def command(drn: str, message: Any = Body()) -> Response:
        return answer(lambda: bench.command(drn, message))

    @routes.post("/bench/kill")
    async def kill(body: KillBody) -> Response:
        return answer(lambda: bench.kill(body.part))

    @routes.post("/bench/speed")
    async def speed(body: SpeedBody) -> Response:
        return answer(lambda: bench.set_speed(body.speed))

    @routes.post("/bench/bus")
    async def bus(settings: Any = Body()) -> Response:
        return answer(lambda: bench.set_bus(settings))

    return routes


def _do(action: Callable[[], None]) -> None:
    try:
        action()
    except BadCommand as error:
        raise TjugoError(str(error)) from error
    except KeyError as error:
        raise NotFound(f"there is no part {error} on this bench") from error


async def _event_stream(hub: Hub) -> AsyncIterator[str]:
    async for news in hub.changes():
        yield f"data: {json.dumps(news)}\n\n"
