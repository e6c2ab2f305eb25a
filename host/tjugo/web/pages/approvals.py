"""The page of what waits for a second person."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import NotPermitted, TjugoError
from tjugo.station.operators import approvals
from tjugo.station.station import Station
from tjugo.web import current
from tjugo.web.gate import Gate
from tjugo.web.pages.forms import Form, answer, form_of


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /approvals, and the decision of one."""

    def listed(request: Request, error: TjugoError | None = None) -> Response:
        approvals.expire_due(station)
        with station.view() as view:
            waiting = approvals.approvals(view)
            decided = approvals.approvals(view, approvals.APPROVED, 20)
            decided += approvals.approvals(view, approvals.TURNED_DOWN, 20)
            decided += approvals.approvals(view, approvals.EXPIRED, 20)
            own = approvals.own_requests(view, current.actor())
        decided.sort(key=lambda row: row.decided_at or "", reverse=True)
        person = current.person()
        may = {
            row.approval: row.approval not in own
            and row.action in approvals.ACTIONS
            and person.may(approvals.ACTIONS[row.action].permission)
            for row in waiting
        }
        context = {"waiting": waiting, "decided": decided[:20], "may_decide": may}
        context["titles"] = {
            name: action.title or name for name, action in approvals.ACTIONS.items()
        }
        return answer(templates, request, "approvals.html", error, **context)

    def decide(request: Request, approval: str, form: Form) -> Response:
        approvals.expire_due(station)
        given = (approval, form.get("decision") == "approve", form.get("note", ""))
        try:
            with station.work(current.actor()) as work:
                approvals.decide(work, *given, person=current.person())
        except TjugoError as error:
            if isinstance(error, NotPermitted):
                with station.work(current.actor()) as work:
                    approvals.refuse(work, approval, error)
            return listed(request, error)
        return RedirectResponse("/approvals", 303)

    @routes.get("/approvals")
    def show(request: Request) -> Response:
        return listed(request)

    @routes.post("/approvals/{approval}")
    async def post(request: Request, approval: str) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(decide, request, approval, form)
