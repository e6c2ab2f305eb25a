"""The page of webhooks."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.webhooks import outbox, service
from tjugo.web import current
from tjugo.web.pages.forms import Form, add_form, answer, form_of, not_stored

_LISTED = 20


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /webhooks: the webhooks with their messages, and what is done with one."""

    def listed(
        request: Request,
        form: Form | None = None,
        error: TjugoError | None = None,
        made: dict[str, str] | None = None,
    ) -> Response:
        asked = request.query_params
        chosen = {name: asked.get(name, "")[:40] for name in ("hook", "state")}
        after = asked.get("after") or None
        with station.view() as view:
            rows = service.hooks(view)
            try:
                page = service.messages(view, **chosen, after=after, limit=_LISTED)
            except TjugoError as wrong:
                page, error = Page([], None), error or wrong
        context = {
            **chosen,
            "rows": rows,
            "messages": page.items,
            "events": outbox.EVENTS,
            "states": service.STATES,
            "form": form or {},
            "made": made,
            "following": page.next and "?" + urlencode({**chosen, "after": page.next}),
            "first": "?" + urlencode(chosen) if after else None,
        }
        return not_stored(answer(templates, request, "webhooks.html", error, **context))

    def add(request: Request, form: Form) -> Response:
        hook = form.get("hook", "")
        events = [name for name in outbox.EVENTS if form.get(f"event_{name}")]
        with station.work(current.actor()) as work:
            secret = service.add(work, station.state_dir, hook, form.get("url", ""), events)
        return listed(request, made={"hook": hook, "secret": secret})

    def activate(request: Request, hook: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            service.change(work, hook, active=form.get("active") == "1")
        return RedirectResponse("/webhooks", 303)

    def renew(request: Request, hook: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            secret = service.renew(work, station.state_dir, hook)
        return listed(request, made={"hook": hook, "secret": secret})

    def test(request: Request, hook: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            service.test(work, hook)
        return RedirectResponse("/webhooks", 303)

    def again(request: Request, message: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            service.again(work, message)
        return RedirectResponse("/webhooks", 303)

    def refused(request: Request, _name: str, error: TjugoError) -> Response:
        return listed(request, None, error)

    @routes.get("/webhooks")
    def show(request: Request) -> Response:
        return listed(request)

    @routes.post("/webhooks")
    async def post_new(request: Request) -> Response:
        form = await form_of(request)
        try:
            return await run_in_threadpool(add, request, form)
        except TjugoError as error:
            return await run_in_threadpool(listed, request, form, error)

    add_form(routes, "/webhooks/{name}/active", activate, refused)
    add_form(routes, "/webhooks/{name}/secret", renew, refused)
    add_form(routes, "/webhooks/{name}/test", test, refused)
    add_form(routes, "/webhook-messages/{name}", again, refused)
