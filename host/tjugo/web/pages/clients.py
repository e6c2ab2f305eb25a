"""The page of API clients."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import TjugoError
from tjugo.station.operators import clients
from tjugo.station.operators.permissions import ACTIONS, SCOPES
from tjugo.station.station import Station
from tjugo.web import current
from tjugo.web.gate import Gate
from tjugo.web.pages.forms import Form, add_form, answer, form_of, not_stored


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /clients: the list, the form for a new one, and what is done with one."""
    scopes = {name: [ACTIONS[action] for action in actions] for name, actions in SCOPES.items()}

    def listed(
        request: Request,
        form: Form | None = None,
        error: TjugoError | None = None,
        made: dict[str, str] | None = None,
    ) -> Response:
        with station.view() as view:
            rows = clients.clients(view)
        context = {"rows": rows, "scopes": scopes, "form": form or {}, "made": made}
        return not_stored(answer(templates, request, "clients.html", error, **context))

    def add(request: Request, form: Form) -> Response:
        client = form.get("client", "")
        with station.work(current.actor()) as work:
            key = clients.add(
                work,
                client,
                form.get("name", ""),
                [name for name in SCOPES if form.get(f"scope_{name}")],
                form.get("addresses", "").replace(",", " ").split(),
                form.get("outlet", ""),
            )
        return listed(request, made={"client": client, "key": key})

    def activate(request: Request, client: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            clients.set_active(work, client, form.get("active") == "1")
        gate.forget()
        return RedirectResponse("/clients", 303)

    def renew(request: Request, client: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            key = clients.renew(work, client)
        gate.forget()
        return listed(request, made={"client": client, "key": key})

    @routes.get("/clients")
    def show(request: Request) -> Response:
        return listed(request)

    @routes.post("/clients")
    async def post_new(request: Request) -> Response:
        form = await form_of(request)
        try:
            return await run_in_threadpool(add, request, form)
        except TjugoError as error:
            return await run_in_threadpool(listed, request, form, error)

    add_form(routes, "/clients/{client}/active", activate)
    add_form(routes, "/clients/{client}/key", renew)
