"""The web application of a station, with or without a bench beside it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from tjugo import __version__
from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.web.api.routes import router as api_router
from tjugo.web.errors import http_status
from tjugo.web.guard import Guard
from tjugo.web.pages.lab import router as lab_router
from tjugo.web.pages.routes import router as pages_router

log = logging.getLogger(__name__)

_HERE = str(resources.files("tjugo.web"))
_SENTENCES = {
    "Not Found": "There is no such page.",
    "Method Not Allowed": "This page cannot be used that way.",
}

Background = Callable[[], Coroutine[Any, Any, None]]
Routes = Callable[[Jinja2Templates], APIRouter]


def create_app(
    station: Station, bench: Routes | None = None, background: Background | None = None
) -> FastAPI:
    """The application. bench makes the routes of its page, which is /bench; background runs while
    requests are served."""
    templates = Jinja2Templates(f"{_HERE}/templates")
    templates.env.globals["has_bench"] = bench is not None
    templates.env.trim_blocks = templates.env.lstrip_blocks = True
    app = FastAPI(
        title="Tjugo master station",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages load script from elsewhere
        redoc_url=None,
        lifespan=_lifespan(background),
    )
    app.state.station = station
    app.state.templates = templates
    app.add_middleware(Guard)
    app.mount("/static", StaticFiles(directory=f"{_HERE}/static"), name="static")
    app.include_router(api_router(station))
    app.include_router(pages_router(station, templates))
    app.include_router(lab_router(station, templates))
    if bench is not None:
        app.include_router(bench(templates))
    first = RedirectResponse("/sales" if bench is None else "/bench", 303)
    app.add_api_route("/", lambda: first, include_in_schema=False, response_class=Response)
    _add_errors(app, templates)
    return app


def _lifespan(background: Background | None) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if background is None:
            yield
            return
        task = asyncio.create_task(background())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    return lifespan


def _add_errors(app: FastAPI, templates: Jinja2Templates) -> None:
    def answer(request: Request, sentence: str, status: int) -> Response:
        # A person's browser asks for HTML; a program or a script of a page does not.
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"error": sentence}, status)
        context = {"error": sentence}
        return templates.TemplateResponse(request, "error.html", context, status_code=status)

    @app.exception_handler(TjugoError)
    def of_ours(request: Request, error: TjugoError) -> Response:
        return answer(request, error.message, http_status(error))

    @app.exception_handler(RequestValidationError)
    def of_form(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        return answer(request, f"{where}: {first['msg']}.".lstrip(": "), 422)

    @app.exception_handler(HTTPException)
    def of_http(request: Request, error: HTTPException) -> Response:
        return answer(request, _SENTENCES.get(error.detail, error.detail), error.status_code)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(request, "Something unforeseen went wrong; it is in the station's log.", 500)
