"""The page of one's own account: password, second factor, recovery codes."""

import base64
import binascii
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from tjugo.errors import TjugoError, reason
from tjugo.station.operators import credentials, log_in, passwords, sessions, totp
from tjugo.station.operators.permissions import ACTIONS, Person
from tjugo.station.operators.totp import NotSealedHere
from tjugo.station.station import Station
from tjugo.web import current
from tjugo.web.gate import Gate, address_of
from tjugo.web.pages.forms import Form, answer, form_of, not_stored

_NEW = "{} new"  # what a secret that is not confirmed yet is encrypted for


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /account and its forms. Each asks for the present password, except the confirmation."""
    vault = totp.Vault(station.state_dir)

    def page(request: Request, error: TjugoError | None = None, **context: object) -> Response:
        person = current.person()
        with station.view() as view:
            left = credentials.codes_left(view, person.operator) if person.operator else 0
        titles = [title for action, title in ACTIONS.items() if person.may(action)]
        more = {"person": person, "codes_left": left, "titles": titles, "done": None, **context}
        return not_stored(answer(templates, request, "account.html", error, **more))

    def enrolling(request: Request, sealed: str, error: TjugoError | None = None) -> Response:
        person = current.person()
        secret = _opened(vault, person, sealed)
        with station.view() as view:
            utility = view.tenant.name
        _, image = totp.enrolment(secret, person.operator, utility)
        grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        new = {"sealed": sealed, "qr": Markup(image), "secret": grouped}
        return page(request, error, enrolment=new)

    def confirmed(request: Request, form: Form) -> Person:
        person = _operator()
        given = (person.operator, form.get("password", ""), address_of(request))
        log_in.confirm_password(station, *given)
        return person

    def change(request: Request, form: Form) -> Response:
        new = passwords.check(form.get("new", ""), _operator().operator)
        if new != form.get("again"):
            raise reason("password_invalid", "The new password was typed differently twice.")
        if new == form.get("password"):
            raise reason("password_invalid", "The new password is the old one.")
        person = confirmed(request, form)
        hashed = passwords.hashed(new)
        keep = sessions.hash_of(current.known().token)
        with station.work(person.actor) as work:
            credentials.set_password(work, person.operator, hashed, must_change=False, keep=keep)
        return RedirectResponse("/account?done=password", 303)

    def begin(request: Request, form: Form) -> Response:
        person = confirmed(request, form)
        with station.view() as view:
            sealed = vault.seal(view, _NEW.format(person.operator), totp.new_secret())
        return enrolling(request, base64.urlsafe_b64encode(sealed).decode())

    def enrol(request: Request, form: Form) -> Response:
        person, sealed = _operator(), form.get("sealed", "")
        secret = _opened(vault, person, sealed)
        code = form.get("code", "").replace(" ", "")
        step = totp.step_of(secret, code, int(station.clock().timestamp()), None)
        if step is None:
            return enrolling(request, sealed, totp.wrong_code())
        with station.work(person.actor) as work:
            own = vault.seal(work, person.operator, secret)
            codes = credentials.set_factor(work, person.operator, own, step)
        return page(request, codes=codes, done="The second factor is set.")

    def new_codes(request: Request, form: Form) -> Response:
        person = confirmed(request, form)
        with station.work(person.actor) as work:
            codes = credentials.new_recovery_codes(work, person.operator)
        return page(request, codes=codes)

    def add(path: str, action: Callable[[Request, Form], Response]) -> None:
        async def post(request: Request) -> Response:
            form = await form_of(request)
            try:
                return await run_in_threadpool(action, request, form)
            except TjugoError as error:
                return await run_in_threadpool(page, request, error)

        routes.add_api_route(path, post, methods=["POST"])

    @routes.get("/account")
    def show(request: Request) -> Response:
        done = {"password": "The password is changed."}.get(request.query_params.get("done", ""))
        return page(request, done=done)

    add("/account/password", change)
    add("/account/factor/begin", begin)
    add("/account/factor", enrol)
    add("/account/codes", new_codes)


def _operator() -> Person:
    person = current.person()
    if not person.operator:
        raise reason("operator_needed", "Only an operator has a password and a second factor.")
    return person


def _opened(vault: totp.Vault, person: Person, sealed: str) -> str:
    try:
        found = base64.urlsafe_b64decode(sealed.encode())
        return vault.open(_NEW.format(person.operator), found)
    except (binascii.Error, ValueError, NotSealedHere):
        raise TjugoError(
            "This form is not complete, or of another log-in: set the second factor from the "
            "beginning."
        ) from None
