"""The person of the request that is being answered, for routes and templates."""

from contextvars import ContextVar
from dataclasses import dataclass

from tjugo.errors import reason
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


def namespace(own: str) -> str:
    """Return in whose name ids of requests are unique: that of the API client, or `own` for
    people. Two programs that use the same id do not get each other's sales."""
    found = _CURRENT.get().person
    return found.actor if found is not None and found.actor.startswith("api:") else own


def only_own() -> str | None:
    """Return whose sales alone the person may see, None for everybody's: an API client without
    `all_sales.see` sees its own."""
    found = _CURRENT.get().person
    return None if found is None or found.may("all_sales.see") else found.actor


def check_own(client: str) -> None:
    """Raise NotFound for the sale of another client than the one that may be seen, as if there
    were none."""
    own = only_own()
    if own is not None and client != own:
        raise reason("sale_unknown", "There is no such sale of this client.")


def may(action: str) -> bool:
    """Return whether the person may do this; for templates."""
    found = _CURRENT.get().person
    return found is not None and found.may(action)
