"""The person of the request that is being answered, for routes and templates."""

from contextvars import ContextVar
from dataclasses import dataclass

from tjugo.station.operators.permissions import LOCAL, Person


@dataclass(frozen=True)
class Known:
    """Who sends a request. person: None before the log-in; token: of the session, "" without one;
    csrf: what forms of the session carry."""

    person: Person | None = None
    token: str = ""
    csrf: str = ""


NOBODY = Known()
_CURRENT: ContextVar[Known] = ContextVar("tjugo_current", default=NOBODY)


def put(known: Known) -> None:
    """Set who sends the request."""
    _CURRENT.set(known)


def known() -> Known:
    """Return who sends the request."""
    return _CURRENT.get()


def person() -> Person:
    """Return the person. Raise LookupError on a public page before the log-in."""
    found = _CURRENT.get().person
    if found is None:
        raise LookupError("no person: the route is public")
    return found


def actor() -> str:
    """Return the actor for a unit of work: the person's, or that of the local administrator where
    a route is called without a request."""
    found = _CURRENT.get().person
    return LOCAL.actor if found is None else found.actor


def may(action: str) -> bool:
    """Return whether the person may do this; for templates."""
    found = _CURRENT.get().person
    return found is not None and found.may(action)
