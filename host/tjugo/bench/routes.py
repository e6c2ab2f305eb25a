"""The bench page: its screen, its event stream, and its actions."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any, Protocol

from fastapi import APIRouter, Body, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from meterbus.descriptions import CODES, PROFILE_FLAGS
from tjugo import face_card, face_docs, local_time
from tjugo.bench.appliances import APPLIANCES
from tjugo.bench.hub import Hub
from tjugo.bench.meters import MOST_LOAD_W, BadCommand
from tjugo.bench.options import OPTIONS
from tjugo.bench.profile_picture import MARKS, draw, slots
from tjugo.bench.records import Records
from tjugo.errors import NotFound, TjugoError
from tjugo.station.storage.moments import iso

SPEEDS = (1, 10, 60, 600)
NOISE = 0.0005  # bit errors per bit: about one reply in five arrives damaged
COLLISIONS = 0.2  # of all transmissions
VOLTAGES = ((230, "Normal"), (150, "Sag"), (285, "Swell"), (0, "Off"))
SWITCHES = (
    ("cover", "Meter cover"),
    ("terminal_cover", "Terminal cover"),
    ("magnet", "Magnet"),
    ("bypass", "Bypass"),
    ("reversed", "Reversed"),
)


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
    async def set_options(self, drn: str, given: Any) -> None: ...
    async def records(self, drn: str) -> Records: ...
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
        with _sentences():
            action()
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
            "voltages": VOLTAGES,
            "switches": SWITCHES,
            "appliances": APPLIANCES,
            "options": [(name, label) for name, label, _, _ in OPTIONS],
            "languages": face_docs.NAMES,
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

    @routes.post("/bench/meters/{drn}/options")
    async def options(drn: str, given: Any = Body()) -> Response:
        with _sentences():
            await bench.set_options(drn, given)
        return JSONResponse({"ok": True, **bench.hub.position()})

    @routes.get("/bench/meters/{drn}/records")
    async def records(request: Request, drn: str) -> Response:
        with _sentences():
            found = await bench.records(drn)
        return templates.TemplateResponse(
            request, "bench_records.html", {"drn": drn, **_shown(found, templates)}
        )

    @routes.get("/bench/card")
    async def card(language: str = face_docs.ENGLISH) -> Response:
        if language not in face_docs.NAMES:
            raise NotFound(f"there is no card in the language {language}")
        return HTMLResponse(face_card.page(language))

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


def _shown(found: Records, templates: Jinja2Templates) -> dict[str, Any]:
    """Return what the template of a meter's records needs."""
    moment = templates.env.filters["moment"]
    name: Any = templates.env.globals["local_zone"]
    zone = local_time.zone_of(name()) or UTC
    half_hours = slots(found.profile)
    picture = draw(half_hours, zone, lambda at: str(moment(iso(at)).striptags()))
    return {
        "events": found.events,
        "slots": [(iso(slot.begin), slot.wh, slot.flags) for slot in reversed(half_hours)],
        "timeless": [row["wh"] for row in found.profile if row["from"] is None],
        "picture": Markup(picture) if half_hours else None,
        "flags": [(name, MARKS.get(name), meaning) for _, name, meaning in PROFILE_FLAGS],
    }


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what the bench raises into errors that are answered as in the JSON interface."""
    try:
        yield
    except BadCommand as error:
        raise TjugoError(str(error)) from error
    except KeyError as error:
        raise NotFound(f"there is no part {error} on this bench") from error


async def _event_stream(hub: Hub) -> AsyncIterator[str]:
    async for news in hub.changes():
        yield f"data: {json.dumps(news)}\n\n"
