"""The station's settings: a table of names, with the permitted values of each."""

import re
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import bindparam, select

from tjugo.errors import reason
from tjugo.station.audit.chain import record
from tjugo.station.storage.statement import Query, Statement
from tjugo.station.storage.tables import ROLES, Setting
from tjugo.station.work import View, Work

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.A)

_MEMO = "settings"
_ALL = Statement(
    select(Setting.name, Setting.value).where(Setting.tenant_id == bindparam("tenant"))
)


NONE, ALL = "none", "all"


@dataclass(frozen=True)
class Kind:
    """A setting that is a number: its default, its minimum and maximum, and its meaning."""

    default: Decimal
    least: Decimal
    most: Decimal
    title: str

    @property
    def permitted(self) -> str:
        return f"a number from {self.least} to {self.most}"

    def checked(self, text: str) -> str | None:
        """Return the value as it is kept, None for one that is not permitted."""
        value = Decimal(text) if _NUMBER.fullmatch(text) else None
        return f"{value:f}" if value is not None and self.least <= value <= self.most else None


@dataclass(frozen=True)
class Words:
    """A setting that is `none`, `all`, or some of the words with commas between them."""

    words: tuple[str, ...]
    title: str
    default: str = NONE

    @property
    def permitted(self) -> str:
        return f"{NONE}, {ALL}, or some of {','.join(self.words)}"

    def checked(self, text: str) -> str | None:
        """Return the value as it is kept, None for one that is not permitted."""
        given = {word.strip() for word in text.split(",")}
        if given in ({NONE}, {ALL}):
            return given.pop()
        return ",".join(sorted(given)) if given <= set(self.words) else None


NUMBERS = {
    "sale_limit_kwh": Kind(
        Decimal(5000), Decimal("0.1"), Decimal("1820162.4"), "the most kWh in one sale"
    ),
    "payment_limit": Kind(
        Decimal(1_000_000),
        Decimal(1),
        Decimal(999_999_999),
        "the most money in one payment without energy, in the currency",
    ),
    "session_idle_minutes": Kind(
        Decimal(15), Decimal(1), Decimal(480), "after how many minutes without use a log-in ends"
    ),
    "clock_jump_days": Kind(
        Decimal(31), Decimal(1), Decimal(3650), "how far the clock may go on unseen, in days"
    ),
    "approval_days": Kind(
        Decimal(7), Decimal(1), Decimal(365), "after how many days a request for approval expires"
    ),
    "key_change_with_sale": Kind(
        Decimal(1), Decimal(0), Decimal(1), "1: planned key changes go out with the next sale"
    ),
}
CHOICES = {
    "factor_required": Words(ROLES, "the roles whose operators must set a second factor"),
}
SETTINGS: dict[str, Kind | Words] = {**NUMBERS, **CHOICES}


def query(view: View) -> Query:
    """Return what is read for the first setting of a view."""
    return _ALL.of(tenant=view.tenant_id)


def text(view: View, name: str) -> str:
    """Return a setting as it is kept. Raise NotFound."""
    kind = _kind(name)
    if _MEMO not in view.memo:  # all of them at once: a sale needs several
        rows = query(view).all(view.session)
        view.memo[_MEMO] = {row.name: row.value for row in rows}
    found: str | None = view.memo[_MEMO].get(name)
    return f"{kind.default}" if found is None else found


def get(view: View, name: str) -> Decimal:
    """Return a setting that is a number. Raise NotFound."""
    return Decimal(text(view, name))


def words(view: View, name: str) -> frozenset[str]:
    """Return the words of a setting that are in force. Raise NotFound."""
    found = text(view, name)
    return frozenset({NONE: (), ALL: CHOICES[name].words}.get(found, found.split(",")))


def put(work: Work, name: str, value: str) -> None:
    """Change a setting and record the change. Raise TjugoError."""
    kind = _kind(name)
    kept = kind.checked(value)
    if kept is None:
        sentence = f"{name} ({kind.title}) must be {kind.permitted}."
        raise reason("setting_invalid", sentence)
    work.memo.pop(_MEMO, None)
    work.session.merge(Setting(tenant_id=work.tenant_id, name=name, value=kept))
    record(work, "settings.edit", f"setting {name}", kept)


def _kind(name: str) -> Kind | Words:
    if name not in SETTINGS:
        raise reason("setting_unknown", f"There is no setting {name!r}: {', '.join(SETTINGS)}.")
    return SETTINGS[name]
