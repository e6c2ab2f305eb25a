"""The pages of the log-in: password, second factor, log out."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import NotLoggedIn, TjugoError, TooMany
from tjugo.station.operators import log_in, people, sessions
from tjugo.station.station import Station
from tjugo.web import current
from tjugo.web.auth import local_path
from tjugo.web.gate import Gate, address_of, cookie_name, set_cookie
from tjugo.web.pages.forms import answer, form_of


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /login, /login/factor and /logout."""

    def end() -> None:
        known = current.known()
        if known.token and known.person is not None:
            log_in.log_out(station, sessions.hash_of(known.token), known.person.operator)

    def page(request: Request, then: str, error: TjugoError | None = None) -> Response:
        with station.view() as view:
            exist = people.exist(view)
        if gate.visitor is not None or (gate.open and not exist):
            return RedirectResponse("/", 303)
        return answer(templates, request, "login.html", error, then=then, exist=exist)

    @routes.get("/login")
    def show(request: Request) -> Response:
        return page(request, local_path(request.query_params.get("next")))

    @routes.post("/login")
    async def begin(request: Request) -> Response:
        form = await form_of(request)
        then = local_path(form.get("next"))
        given = (form.get("operator", ""), form.get("password", ""), address_of(request))
        try:
            began = await run_in_threadpool(log_in.log_in, station, *given)
        except (NotLoggedIn, TooMany) as error:
            return await run_in_threadpool(page, request, then, error)
        await run_in_threadpool(end)  # of this browser, which has one session
        if began.stage == sessions.FACTOR:
            then = f"/login/factor?next={quote(then, safe='')}"
        return _entered(request, began.token, then)

    @routes.get("/login/factor")
    def show_factor(request: Request) -> Response:
        then = local_path(request.query_params.get("next"))
        return answer(templates, request, "factor.html", None, then=then)

    @routes.post("/login/factor")
    async def factor(request: Request) -> Response:
        form = await form_of(request)
        then = local_path(form.get("next"))
        token = request.cookies.get(cookie_name(request.scope), "")
        given = (token, form.get("code", ""), address_of(request))
        try:
            began = await run_in_threadpool(log_in.second_factor, station, *given)
        except TjugoError as error:
            return answer(templates, request, "factor.html", error, then=then)
        return _entered(request, began.token, then)

    @routes.post("/logout")
    def leave(request: Request) -> Response:
        end()
        response = RedirectResponse("/login", 303)
        set_cookie(request, response, "")
        return response


def _entered(request: Request, token: str, then: str) -> Response:
    response = RedirectResponse(then, 303)
    set_cookie(request, response, token)
    return response
