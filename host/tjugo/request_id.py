"""The id of the request that is being answered, for the log."""

import logging
import random
import re
from contextvars import ContextVar

NONE = "-"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.A)
_CURRENT: ContextVar[str] = ContextVar("tjugo_request_id", default=NONE)


def begin(given: str | None) -> str:
    """Return the id of a request from now on: the client's, if it has a form that cannot imitate
    lines of a log, otherwise a new one, which is no secret."""
    found = given if given and _GIVEN.fullmatch(given) else f"{random.getrandbits(64):016x}"
    _CURRENT.set(found)
    return found


def current() -> str:
    """Return the id of the request, `-` outside of one."""
    return _CURRENT.get()


def mark(record: logging.LogRecord) -> bool:
    """Give a record of the log the id, as a filter of a handler."""
    record.request_id = current()
    return True
