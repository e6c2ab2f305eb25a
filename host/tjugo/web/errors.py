"""Answers for errors: a page for a browser, {"error": sentence, "code": ...} for other clients."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Mount

from tjugo import request_id
from tjugo.errors import (
    Conflict,
    NotFound,
    NotLoggedIn,
    NotPermitted,
    TjugoError,
    TooMany,
    Unavailable,
)
from tjugo.web.current import may
from tjugo.web.request_ids import HEADER
from tjugo.web.sentences import sentence_of

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_STATUSES: tuple[tuple[type[TjugoError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (NotLoggedIn, 401),
    (NotPermitted, 403),
    (TooMany, 429),
    (Unavailable, 503),
    (TjugoError, 400),
)

# starlette's errors by status: a code and, where its own text is for programmers, a sentence.
_HTTP: dict[int, tuple[str, str | None]] = {
    400: ("invalid", "The request cannot be read."),
    404: ("not_found", "There is no such page."),
    405: ("method_not_allowed", "This page cannot be used that way."),
    403: ("forbidden", None),
    413: ("too_large", None),
    429: ("too_many", None),
}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_UNFORESEEN = "Something unforeseen went wrong; it is in the station's log."


class ErrorAnswer(BaseModel):
    """An error: a sentence for people, and the reason as a stable code."""

    model_config = ConfigDict(extra="forbid")

    error: str
    code: str


ANSWERS: dict[int | str, dict[str, Any]] = {
    "default": {"model": ErrorAnswer, "description": "What is wrong, with a 4xx or 5xx status."}
}
"""For a router: the schema of its errors."""

JSON_ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
        "description": ANSWERS["default"]["description"],
    }
}
"""For a route whose answer is no JSON: its errors are."""


def http_status(error: TjugoError) -> int:
    """Return the HTTP status for an error's kind."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def sentence_for(error: TjugoError) -> str:
    """Return the sentence of an error for who sends the request: with its details for those who
    administer the station alone. For others the details are in the log."""
    if error.public == error.message or may("settings.edit"):
        return error.message
    log.error("%s", error.message)
    return error.public


def or_none(ask: Callable[[], Answer]) -> Callable[[], Answer | None]:
    """Return a function for templates that returns None, not known, where `ask` raises TjugoError:
    the page that says what is wrong is made from the same parts as all others."""

    def asked() -> Answer | None:
        try:
            return ask()
        except TjugoError:
            return None

    return asked


def add_error_handlers(
    app: FastAPI,
    templates: Jinja2Templates,
    refused: Callable[[Request, TjugoError], None],
) -> None:
    """Make the application answer every exception. refused: records what was not permitted."""

    def answer(
        request: Request,
        sentence: str,
        code: str,
        status: int,
        headers: dict[str, str] | None = None,
    ) -> Response:
        # What was sent may be repeated in a sentence, and may not be encodable.
        sentence = sentence.encode("utf-8", "replace").decode()
        # A person's browser asks for HTML; a program or a script of a page does not.
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"error": sentence, "code": code}, status, headers)
        context = {"error": sentence}
        return templates.TemplateResponse(
            request, "error.html", context, status_code=status, headers=headers
        )

    @app.exception_handler(TjugoError)
    def of_ours(request: Request, error: TjugoError) -> Response:
        if isinstance(error, NotPermitted):
            refused(request, error)
        headers = {"www-authenticate": "Bearer"} if isinstance(error, NotLoggedIn) else None
        return answer(request, sentence_for(error), error.code, http_status(error), headers)

    @app.exception_handler(RequestValidationError)
    def of_body(request: Request, error: RequestValidationError) -> Response:
        return answer(request, sentence_of(error.errors()[0]), "invalid", 422)

    @app.exception_handler(HTTPException)
    def of_http(request: Request, error: HTTPException) -> Response:
        code, sentence = _HTTP.get(error.status_code, ("invalid", None))
        wrong = error.status_code == 405
        headers = {"allow": ", ".join(_methods(request, app.routes))} if wrong else None
        return answer(request, sentence or error.detail, code, error.status_code, headers)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        # This handler is outside of the middleware that adds the id to other answers.
        headers = {HEADER: request_id.current()}
        return answer(request, _UNFORESEEN, "unforeseen", 500, headers)


def _methods(request: Request, routes: list[BaseRoute]) -> list[str]:
    """Return the methods that the path of a request has, over all routes."""
    # HEAD is answered by GET's route (head.py).
    asked = {method: "GET" if method == "HEAD" else method for method in _METHODS}
    return [
        name for name, method in asked.items() if any(_has(request, method, r) for r in routes)
    ]


def _has(request: Request, method: str, route: BaseRoute) -> bool:
    # A new scope: routing has changed that of the request.
    scope = {"type": "http", "method": method, "path": request.url.path, "root_path": ""}
    match, _ = route.matches({**scope, "headers": []})
    if isinstance(route, Mount):  # of files
        return match is not Match.NONE and method == "GET"
    return match is Match.FULL
