"""Operators: the people who log in, with their role, outlet and limits."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from tjugo.errors import TjugoError, reason
from tjugo.station import settings
from tjugo.station.audit.chain import record
from tjugo.station.currency import plain
from tjugo.station.operators import sessions
from tjugo.station.operators.permissions import ADMINISTRATOR, PERMISSIONS, Person
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import ROLES, Operator, Outlet
from tjugo.station.work import View, Work

EDIT = "operators.edit"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.A)
_MOST_LIMIT = 10**15
CHANGEABLE = ("name", "role", "outlet", "language", "sale_limit", "day_limit")


@dataclass(frozen=True)
class OperatorView:
    """An operator for JSON, without anything secret. Limits in minor units, None for none."""

    operator: str
    name: str
    role: str
    outlet: str | None
    language: str | None
    active: bool
    must_change: bool
    second_factor: bool
    sale_limit: int | None
    day_limit: int | None
    created_at: str | None


def normal(operator: str) -> str:
    """Return a log-in name as it is kept."""
    return operator.strip().casefold()


def checked_login(operator: str) -> str:
    """Return a log-in name as it is kept. Raise TjugoError."""
    operator = normal(operator)
    if not _NAME.fullmatch(operator):
        raise reason(
            "operator_invalid",
            "A log-in name has 2 to 40 letters a to z, digits, dots, hyphens and underscores.",
        )
    return operator


def exist(view: View) -> bool:
    """Return whether the station has operators, active or not: then log-in is on."""
    query = select(Operator.operator).where(Operator.tenant_id == view.tenant_id).limit(1)
    return view.session.scalars(query).first() is not None


def person_of(view: View, row: Operator) -> Person:
    """Return an operator as the person who acts."""
    must_set = row.totp is None and row.role in settings.words(view, "factor_required")
    return Person(
        actor=f"op:{row.operator}",
        name=row.name,
        role=row.role,
        actions=PERMISSIONS[row.role],
        operator=row.operator,
        outlet=row.outlet,
        language=row.language,
        sale_limit=row.sale_limit,
        day_limit=row.day_limit,
        must_change=row.must_change,
        has_totp=row.totp is not None,
        must_set_factor=must_set,
    )


def get(view: View, operator: str) -> Operator | None:
    """Return the row of an operator, None where no operator has this name."""
    return view.session.get(Operator, (view.tenant_id, normal(operator)))


def to_begin(person: Person) -> TjugoError:
    """Return the error of a person who has to complete the own account first."""
    if person.must_change:
        return reason("password_change_needed", "Change your password first.")
    return reason("factor_needed", "Set your second factor first.")


def find(view: View, operator: str) -> Operator:
    """Return the row of an operator. Raise NotFound."""
    row = get(view, operator)
    if row is None:
        raise reason("operator_unknown", f"There is no operator {operator!r}.")
    return row


def person(view: View, operator: str) -> Person:
    """Return an operator as the person who acts. Raise NotFound."""
    return person_of(view, find(view, operator))


def operators(view: View) -> list[OperatorView]:
    """Return all operators by name, those who are no longer active last."""
    query = select(Operator).where(Operator.tenant_id == view.tenant_id)
    rows = view.session.scalars(query.order_by(Operator.active.desc(), Operator.operator))
    return [shown(row) for row in rows]


def shown(row: Operator) -> OperatorView:
    """Return an operator for pages and JSON."""
    return OperatorView(
        *(row.operator, row.name, row.role, row.outlet, row.language, row.active),
        *(row.must_change, row.totp is not None, row.sale_limit, row.day_limit),
        iso(row.created_at),
    )


def add(
    work: Work,
    operator: str,
    password_hash: str,
    name: str,
    role: str,
    must_change: bool = True,
    **more: Any,
) -> str:
    """Add an operator; return the log-in name. password_hash: of `passwords.hashed`, computed
    before the unit of work. more: outlet, language, sale_limit, day_limit. Raise TjugoError."""
    operator = checked_login(operator)
    if work.session.get(Operator, (work.tenant_id, operator)) is not None:
        raise reason("operator_exists", f"There is an operator {operator!r} already.")
    given = _checked(work, {"name": name, "role": role, **more})
    if role != ADMINISTRATOR and not exist(work):
        raise reason(
            "operator_needed", "The first operator must be an administrator: log-in is on then."
        )
    now = work.now()
    row = Operator(
        tenant_id=work.tenant_id,
        operator=operator,
        password=password_hash,
        password_at=now,
        must_change=must_change,
        active=True,
        created_at=now,
        **given,
    )
    work.session.add(row)
    work.session.flush()
    record(work, EDIT, subject(operator), f"added as {role}")
    return operator


def edit(work: Work, operator: str, **changes: Any) -> None:
    """Change fields of an operator: those of CHANGEABLE. Raise TjugoError."""
    row = find(work, operator)
    given = _checked(work, changes)
    told = [
        f"{field}: {_as_text(work, getattr(row, field))} -> {_as_text(work, value)}"
        for field, value in given.items()
        if getattr(row, field) != value
    ]
    for field, value in given.items():
        setattr(row, field, value)
    _keep_an_administrator(work)
    if told:
        record(work, EDIT, subject(row.operator), "; ".join(told))


def _as_text(view: View, value: object) -> object:
    """Return a field for a record: limits, the only numbers, as amounts."""
    return plain(view, value) if isinstance(value, int) else value


def set_active(work: Work, operator: str, active: bool) -> None:
    """Deactivate an operator, which ends all log-ins, or activate one again. Raise TjugoError when
    no administrator would be left."""
    row = find(work, operator)
    row.active = active
    _keep_an_administrator(work)
    if not active:
        sessions.end_all(work, row.operator)
    record(work, EDIT, subject(row.operator), "activated" if active else "deactivated")


def subject(operator: str) -> str:
    """Return an operator as the subject of a record."""
    return f"operator {operator}"


def checked_name(name: str) -> None:
    """Raise TjugoError unless a person can have this name."""
    if not 0 < len(name.strip()) <= 100 or not name.strip().isprintable():
        raise reason(
            "operator_invalid",
            "An operator has a name of 1 to 100 characters that can be printed.",
        )


def _checked(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields, trimmed, with None for empty ones. Raise TjugoError."""
    found: dict[str, Any] = {}
    for field, value in given.items():
        if field not in CHANGEABLE:
            raise ValueError(field)
        found[field] = (value.strip() or None) if isinstance(value, str) else value
    name, role, outlet = found.get("name", "-"), found.get("role", ROLES[0]), found.get("outlet")
    checked_name(name or "")
    if role not in ROLES:
        raise reason("operator_invalid", f"There is no role {role!r}: {', '.join(ROLES)}.")
    if outlet is not None and view.session.get(Outlet, (view.tenant_id, outlet)) is None:
        raise reason("outlet_unknown", f"There is no outlet {outlet!r}.")
    for field in ("sale_limit", "day_limit"):
        limit = found.get(field)
        if limit is not None and not 0 <= limit <= _MOST_LIMIT:
            raise reason("operator_invalid", "A limit is an amount of money from 0.")
    return found


def _keep_an_administrator(work: Work) -> None:
    work.session.flush()
    query = select(func.count()).where(
        Operator.tenant_id == work.tenant_id,
        Operator.role == ADMINISTRATOR,
        Operator.active.is_(True),
    )
    if not work.session.scalar(query):
        raise reason("operator_needed", "One active administrator must be left.")
