"""The web application of a station, with or without a bench beside it."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo import __version__, meter_words
from tjugo.counted import reported
from tjugo.station.keys.views import by_person
from tjugo.station.link import views as link_views
from tjugo.station.operators.permissions import Person
from tjugo.station.readings import alarms
from tjugo.station.station import Station
from tjugo.station.vending.queue import SaleQueue
from tjugo.web import current
from tjugo.web.api import router as api_router
from tjugo.web.api.lab import MeterKeys
from tjugo.web.api.lab import router as lab_router
from tjugo.web.auth import Auth, record_refusal
from tjugo.web.body import BodyLimit
from tjugo.web.errors import add_error_handlers, or_none
from tjugo.web.forms_token import FormTokens
from tjugo.web.gate import Gate
from tjugo.web.guard import Guard
from tjugo.web.head import Head
from tjugo.web.link import Link, add_link
from tjugo.web.local import Local
from tjugo.web.marks import marked
from tjugo.web.navigation import navigation
from tjugo.web.pages import router as pages_router
from tjugo.web.pages.lab import router as lab_page
from tjugo.web.request_ids import RequestIds

_HERE = str(resources.files("tjugo.web"))

Background = Callable[[], Coroutine[Any, Any, None]]
Routes = Callable[[Jinja2Templates], APIRouter]


def create_app(
    station: Station,
    bench: Routes | None = None,
    background: Background | None = None,
    lab_meters: bool = False,
    link: Link | None = None,
    visitor: Person | None = None,
    local: bool = True,
    hosts: Iterable[str] = (),
) -> FastAPI:
    """Return the application.

    bench makes the routes of its page, which is /bench; background runs while requests are served.
    lab_meters: the token lab may use the keys of registered meters; on a bench it always may.
    link: the state of the link to the broker, shown on every page when there is a problem; by
    default that of this station. visitor: every request is this person's, without a log-in;
    local: the server listens on this machine only, so that no log-in is needed while the station
    has no operator. hosts: names by which the station is reached, besides localhost and addresses.
    """
    lab_meters = lab_meters or bench is not None
    link = link or functools.partial(link_views.status, station)
    gate = Gate(station, visitor, local)
    templates = _templates(gate, link, bench is not None)
    queue = SaleQueue(station)
    Local(station).add_to(templates.env)
    templates.env.globals["keys_locked"] = or_none(lambda: station.backend.locked)
    templates.env.globals["unlocked_by_person"] = lambda: by_person(station.backend)
    with station.view() as view:
        templates.env.globals["sandbox"] = view.tenant.sandbox
    app = FastAPI(
        title="Tjugo master station",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages load script from elsewhere
        redoc_url=None,
        lifespan=_lifespan(background, queue),
    )
    app.state.station = station
    app.state.templates = templates
    app.add_middleware(BodyLimit)
    app.add_middleware(Guard, hosts=hosts)
    app.mount("/static", StaticFiles(directory=f"{_HERE}/static"), name="static")
    # An included router is searched twice for every request, with all that it includes.
    app.router.routes.extend(api_router(station, queue).routes)
    add_link(app.router, link)
    app.router.routes.extend(pages_router(station, queue, templates, gate).routes)
    app.router.routes.extend(lab_router(station, MeterKeys(station, lab_meters)).routes)
    app.router.routes.extend(lab_page(station, templates, lab_meters).routes)
    if bench is not None:
        app.router.routes.extend(bench(templates).routes)
    first = functools.partial(_first_page, bench is not None)
    app.add_api_route("/", first, include_in_schema=False, response_class=Response)
    add_error_handlers(app, templates, functools.partial(record_refusal, station))
    app.router.middleware_stack = Auth(app.router.middleware_stack, gate)
    app.add_middleware(Head)
    app.add_middleware(RequestIds)
    return app


def _first_page(bench: bool) -> Response:
    pages = navigation(current.known().person, bench)
    return RedirectResponse(pages[0][0] if pages else "/account", 303)


def _templates(gate: Gate, link: Link, bench: bool) -> Jinja2Templates:
    templates = Jinja2Templates(f"{_HERE}/templates")
    templates.env.add_extension(FormTokens)
    templates.env.trim_blocks = templates.env.lstrip_blocks = True
    templates.env.filters["marked"] = marked
    templates.env.filters["reported"] = reported
    templates.env.filters["alarm_texts"] = alarms.texts
    templates.env.filters["alarm_words"] = lambda name: alarms.WORDS.get(name, name)
    templates.env.filters["tamper_words"] = meter_words.kinds
    templates.env.filters["reason_words"] = lambda name: meter_words.REASONS.get(name, name)
    templates.env.globals |= {
        "gate": gate,
        "known": current.known,
        "link": or_none(link),
        "may": current.may,
        "navigation": lambda: navigation(current.known().person, bench),
    }
    return templates


def _lifespan(background: Background | None, queue: SaleQueue) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = None if background is None else asyncio.create_task(background())
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
            await asyncio.to_thread(queue.close)

    return lifespan
