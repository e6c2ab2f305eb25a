"""Filters of templates for people: names instead of actors, local instead of coordinated time.

What they need of the database is read at most once a second, and at once for an unknown actor.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from jinja2 import Environment
from markupsafe import Markup

from tjugo import local_time
from tjugo.station import names
from tjugo.station.station import Station
from tjugo.web import current

_KEEP_S = 1.0
_NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class _Utility:
    zone: str
    language: str
    names: dict[str, str]


class Local:
    """The filters `moment`, `day` and `who`. monotonic: seconds."""

    def __init__(self, station: Station, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._station = station
        self._monotonic = monotonic
        self._found: _Utility | None = None
        self._read_at = 0.0
        self._lock = threading.Lock()

    def add_to(self, templates: Environment) -> None:
        """Add the filters, and `local_zone` and `local_language` for scripts."""
        templates.filters |= {"moment": self.moment, "day": self.day, "who": self.who}
        templates.globals |= {
            "local_zone": lambda: self._utility().zone,
            "local_language": lambda: self._language().replace("_", "-"),
        }

    def moment(self, text: str | None, seconds: bool = False) -> Markup:
        """Return a time, ISO 8601 in UTC, in the utility's zone and the person's language; "" for
        None."""
        if not text:
            return Markup("")
        shown = local_time.moment(_parsed(text), self._utility().zone, self._language(), seconds)
        # A narrow column breaks the line between date and time only.
        on, _, clock = shown.removesuffix(" UTC").rpartition(" ")
        plain = f"{on.replace(' ', _NO_BREAK)} {clock}" + " UTC" * shown.endswith(" UTC")
        return Markup('<time datetime="{}">{}</time>').format(text, plain)

    def day(self, text: str | None) -> str:
        """Return the utility's date at a time in UTC; "" for None."""
        if not text:
            return ""
        zone = local_time.zone_of(self._utility().zone) or UTC
        return local_time.day(_parsed(text).astimezone(zone).date(), self._language())

    def who(self, actor: str | None) -> str:
        """Return the name of an actor."""
        known = self._utility().names
        if actor and actor.startswith(("op:", "api:")) and actor not in known:
            known = self._utility(again=True).names
        return names.shown(actor, known)

    def _language(self) -> str:
        person = current.known().person
        return (person.language if person else None) or self._utility().language

    def _utility(self, again: bool = False) -> _Utility:
        with self._lock:
            now = self._monotonic()
            if self._found is None or again or now - self._read_at >= _KEEP_S:
                with self._station.view() as view:
                    tenant = view.tenant
                    self._found = _Utility(tenant.time_zone, tenant.language, names.names(view))
                self._read_at = now
            return self._found


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
