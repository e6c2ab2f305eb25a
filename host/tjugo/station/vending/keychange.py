"""The tokens of a key change: when they are due, made once, and printed again.

While a change is issued, its register is the meter's `pending` key state. The key change tokens
are entered, by the customer or by the meter's collector (key_delivery.py), before every token that
is made after them, so those are made with the new key, and each later receipt prints the same key
change tokens again until the change is confirmed: a lost receipt loses nothing, and a meter that
has the new key already refuses them without harm.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select

from tjugo.errors import reason
from tjugo.key_register import KeyRegister, MeterConfig
from tjugo.station import clock, settings
from tjugo.station.audit import chain
from tjugo.station.registry import status
from tjugo.station.registry.meters import checked_drn, key_columns, known_meter, meter_config
from tjugo.station.storage.statement import Query, Statement, any_of
from tjugo.station.storage.tables import KeyChange, Meter, MeterKeyState
from tjugo.station.vending import asked, key_delivery, targets
from tjugo.station.vending import change_rows as rows
from tjugo.station.vending.asked import Outcome, Printed
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.tokens import add_plain
from tjugo.station.work import View, Work

WITH_SALE = "key_change_with_sale"
SECTIONS = (3, 4, 8, 9)  # subclasses, in the order in which the tokens are made and entered
_ISSUE = "keychange.issue"
_OPEN_OF = Statement(
    select(
        *(KeyChange.drn, KeyChange.number, KeyChange.target, KeyChange.campaign, KeyChange.state)
    ).where(
        KeyChange.tenant_id == bindparam("tenant"),
        any_of(KeyChange.drn, "drns"),
        or_(*(KeyChange.state == state for state in rows.OPEN)),
    )
)


@dataclass(frozen=True)
class PlannedChange:
    """A key change that goes with the next tokens of a meter. again: its tokens were issued
    before, and the same ones are printed again."""

    drn: str
    number: int
    target: KeyRegister
    campaign: str | None
    again: bool


def due(view: View, drns: Collection[str], alone: bool = False) -> dict[str, PlannedChange]:
    """Return, by DRN, the key change whose tokens go before the next token of a meter.

    A planned one is due with a sale if the setting key_change_with_sale is 1; an issued one is due
    until it is confirmed. alone: planned ones are due whatever the setting.
    """
    with_sale = alone or settings.get(view, WITH_SALE) >= 1
    states = rows.OPEN if with_sale else (rows.ISSUED,)
    found = query(view, drns).all(view.session)
    return {row.drn: _planned(row) for row in found if row.state in states}


def query(view: View, drns: Collection[str]) -> Query:
    """Return what `due` reads."""
    return _OPEN_OF.of(tenant=view.tenant_id, drns=sorted(set(drns)))


def _planned(row: Any) -> PlannedChange:
    target = targets.from_text(row.target)
    return PlannedChange(row.drn, row.number, target, row.campaign, row.state == rows.ISSUED)


@dataclass(frozen=True)
class Prepared:
    """The tokens of a key change, in the order of entry, before they are recorded. config: the
    meter with its new key, for the tokens that follow them."""

    planned: PlannedChange
    replaced: KeyRegister
    tokens: tuple[Printed, ...]
    config: MeterConfig


def prepare(work: Work, config: MeterConfig, planned: PlannedChange) -> Prepared:
    """Make the tokens of a key change, or read the same ones again, without recording anything.
    config: the meter with its current key; its row is locked. Raise TjugoError."""
    row = _row(work, planned)
    if row.state == rows.ISSUED:
        tokens = rows.made(work, row)
    elif row.state == rows.PLANNED:
        clock.check(work)
        targets.check(work, config, planned.target)
        new = targets.with_register(config, planned.target)
        minute, sections = targets.minute_of(work, new), config.sgc != new.sgc and config.ea == 7
        digits = work.backend.issue_key_change_tokens(config, new, minute, sections)
        tokens = tuple(
            Printed(f"key_change_{place}", text, rows.KEY_CHANGE, subclass)
            for place, (subclass, text) in enumerate(zip(SECTIONS, digits, strict=False), 1)
        )
    else:
        raise reason("key_change_unknown", f"The key change of meter {row.drn} is {row.state}.")
    return Prepared(planned, config, tokens, targets.with_register(config, planned.target))


def write(work: Work, prepared: Prepared, client: str, client_id: str) -> None:
    """Record the tokens of a key change under a request that is recorded already, and begin their
    delivery. The new key is the meter's pending one from now on."""
    row = _row(work, prepared.planned)
    made = [(one.token_class, one.subclass, one.digits) for one in prepared.tokens]
    add_plain(work, (client, client_id), row.drn, made)
    collector_id = known_meter(work, row.drn).collector_id
    if row.state != rows.PLANNED:
        key_delivery.begin(work, row, collector_id)
        return
    row.state, row.issued_at = rows.ISSUED, work.now()
    row.client, row.client_id = client, client_id
    row.replaced = targets.as_text(prepared.replaced)
    tenant = {"tenant_id": work.tenant_id, "drn": row.drn}
    columns = key_columns(prepared.config)
    work.session.add(MeterKeyState(**tenant, phase="pending", **columns))
    work.session.flush()
    key_delivery.begin(work, row, collector_id)
    detail = targets.differences(prepared.replaced, prepared.config)
    chain.record(work, _ISSUE, f"meter {row.drn}", detail)


def issue(
    work: Work, config: MeterConfig, planned: PlannedChange, client: str, client_id: str
) -> Prepared:
    """Make and record the tokens of a key change, or the same ones again; see prepare() and
    write()."""
    prepared = prepare(work, config, planned)
    write(work, prepared, client, client_id)
    return prepared


def _row(view: View, planned: PlannedChange) -> KeyChange:
    return view.session.get_one(KeyChange, (view.tenant_id, planned.drn, planned.number))


def issue_alone(
    work: Work, client: str, client_id: str, drn: str, seller: Seller | None = None
) -> Outcome:
    """Issue the planned key change of a meter without a sale, or the same tokens again; once for
    each client id, like a sale. seller: see asked.recorded. Raise TjugoError when the request
    cannot be recorded."""
    row = asked.recorded(work, client, client_id, checked_drn(drn), {"kind": "key_change"}, seller)

    def tokens() -> bool:
        meter = known_meter(work, row.drn, lock=True)
        check_installed(meter)
        planned = due(work, [meter.drn], alone=True).get(meter.drn)
        if planned is None:
            raise rows.none_planned(meter.drn)
        issue(work, meter_config(work, meter), planned, row.client, row.client_id)
        return True

    asked.decide(work, row, tokens)
    return asked.outcome_of(work, row)


def check_installed(meter: Meter) -> None:
    """Raise TjugoError unless the meter is installed."""
    if meter.status != status.INSTALLED:
        raise reason("meter_not_installed", status.sentence(meter.drn, meter.status))
