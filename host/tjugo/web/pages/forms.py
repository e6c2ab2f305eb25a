"""Functions that pages with a form and a list have in common."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import TjugoError
from tjugo.station.storage.paging import Page
from tjugo.web.errors import http_status, sentence_for
from tjugo.web.forms_token import FIELD

CLIENT = "web"
_LONGEST = 200  # characters of a search

Form = dict[str, str]
Context = dict[str, object]
Query = Callable[[Request, Form | None], tuple[Context, TjugoError | None]]
"""Returns what a page shows, and what is wrong with its address; the form was typed, or None."""


def add_page(
    routes: APIRouter,
    templates: Jinja2Templates,
    path: str,
    query: Query,
    action: Callable[[Form], str],
) -> None:
    """Add a page with a form.

    action carries out the form and returns the address to continue at, so that a reload does not
    send the form again; an error is shown together with the input.
    """
    name = f"{path.strip('/')}.html"

    def show(
        request: Request, form: Form | None = None, error: TjugoError | None = None
    ) -> Response:
        context, wrong = query(request, form)
        error = error or wrong
        context |= {"form": form or {}, "error": sentence_for(error) if error else None}
        status = http_status(error) if error else 200
        return templates.TemplateResponse(request, name, context, status_code=status)

    async def get(request: Request) -> Response:
        return await run_in_threadpool(show, request)

    async def post(request: Request) -> Response:
        form = await form_of(request)
        try:
            target = await run_in_threadpool(action, form)
        except TjugoError as error:
            return await run_in_threadpool(show, request, form, error)
        return RedirectResponse(target, 303)

    routes.add_api_route(path, get, methods=["GET"])
    routes.add_api_route(path, post, methods=["POST"])


async def form_of(request: Request) -> Form:
    """Return the fields of a posted form, trimmed. Raise TjugoError for a NUL character."""
    body = (await request.body()).decode("utf-8", "replace")
    fields = parse_qs(body, keep_blank_values=True)
    fields.pop(FIELD, None)  # compared already
    return checked({name: values[-1].strip() for name, values in fields.items()})


def checked(form: Form) -> Form:
    """Return the fields of a form. Raise TjugoError for a NUL character, which no database keeps
    in a text."""
    if any("\0" in text for pair in form.items() for text in pair):
        raise TjugoError("A field of the form has a NUL character, which no text may have.")
    return form


def add_form(
    routes: APIRouter,
    path: str,
    action: Callable[[Request, str, Form], Response],
    failed: Callable[[Request, str, TjugoError], Response] | None = None,
) -> None:
    """Add a route for a form about one thing, which the variable of the path names: `action` is
    given it. failed: answers a TjugoError; None: it is answered like those of all routes."""

    async def handle(request: Request) -> Response:
        form = await form_of(request)
        (name,) = request.path_params.values()
        try:
            return await run_in_threadpool(action, request, name, form)
        except TjugoError as error:
            if failed is None:
                raise
            return await run_in_threadpool(failed, request, name, error)

    routes.add_api_route(path, handle, methods=["POST"])


def answer(
    templates: Jinja2Templates,
    request: Request,
    name: str,
    error: TjugoError | None,
    **context: Any,
) -> Response:
    """Return a page, with the status of an error that it shows."""
    status = http_status(error) if error else 200
    context["error"] = sentence_for(error) if error else None
    return templates.TemplateResponse(request, name, context, status_code=status)


def not_stored(response: Response) -> Response:
    """Return a page with a secret that is shown once: no browser stores it."""
    response.headers["cache-control"] = "no-store"
    return response


def searched(request: Request) -> tuple[str, str | None]:
    """Return the search and the position of a list, from the query of the address."""
    asked = request.query_params
    return asked.get("search", "").strip()[:_LONGEST], asked.get("after") or None


def listed(request: Request, page: Page[Any], **kept: str) -> Context:
    """Return a page of a list for its template: rows, search, and the address of the next page.
    kept: other values of the query that each address has."""
    search, after = searched(request)
    following = None
    if page.next is not None:
        following = "?" + urlencode({"search": search, **kept, "after": page.next})
    first = "?" + urlencode({"search": search, **kept}) if after else None
    return {"rows": page.items, "search": search, "following": following, "first": first}
