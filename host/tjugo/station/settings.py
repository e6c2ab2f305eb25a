"""The station's settings: a table of names, with the permitted values of each."""

import re
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import bindparam, select

from tjugo.errors import reason
from tjugo.station.audit.chain import record
from tjugo.station.storage.statement import Statement
from tjugo.station.storage.tables import Setting
from tjugo.station.work import View, Work

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.A)

_MEMO = "settings"
_ALL = Statement(
    select(Setting.name, Setting.value).where(Setting.tenant_id == bindparam("tenant"))
)


@dataclass(frozen=True)
class Kind:
    """A setting: its default, its minimum and maximum, and its meaning."""

    default: Decimal
    least: Decimal
    most: Decimal
    title: str


SETTINGS = {
    "sale_limit_kwh": Kind(
        Decimal(5000), Decimal("0.1"), Decimal("1820162.4"), "the most kWh in one sale"
    ),
    "session_idle_minutes": Kind(
        Decimal(15), Decimal(1), Decimal(480), "after how many minutes without use a log-in ends"
    ),
    "clock_jump_days": Kind(
        Decimal(31), Decimal(1), Decimal(3650), "how far the clock may go on unseen, in days"
    ),
    "key_change_with_sale": Kind(
        Decimal(1), Decimal(0), Decimal(1), "1: planned key changes go out with the next sale"
    ),
}


def get(view: View, name: str) -> Decimal:
    """Return a setting. Raise NotFound."""
    kind = _kind(name)
    if _MEMO not in view.memo:  # all of them at once: a sale needs several
        found = _ALL.all(view.session, tenant=view.tenant_id)
        view.memo[_MEMO] = {row.name: row.value for row in found}
    text = view.memo[_MEMO].get(name)
    return kind.default if text is None else Decimal(text)


def put(work: Work, name: str, text: str) -> None:
    """Change a setting and record the change. Raise TjugoError."""
    kind = _kind(name)
    value = Decimal(text) if _NUMBER.fullmatch(text) else None
    if value is None or not kind.least <= value <= kind.most:
        raise reason(
            "setting_invalid",
            f"{name} ({kind.title}) must be a number from {kind.least} to {kind.most}.",
        )
    work.memo.pop(_MEMO, None)
    work.session.merge(Setting(tenant_id=work.tenant_id, name=name, value=f"{value:f}"))
    record(work, "settings.edit", f"setting {name}", f"{value:f}")


def _kind(name: str) -> Kind:
    if name not in SETTINGS:
        raise reason("setting_unknown", f"There is no setting {name!r}: {', '.join(SETTINGS)}.")
    return SETTINGS[name]
