"""Key changes: planned, issued (tokens made), confirmed or cancelled; one at a time per meter.

While a change is issued, its register is the meter's `pending` key state. The customer enters the
key change tokens before every token that is made after them, so those are made with the new key,
and each later receipt prints the same key change tokens again until the change is confirmed: a
lost receipt loses nothing, and a meter that has the new key already refuses them without harm.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select

from tjugo.errors import TjugoError, reason
from tjugo.key_register import KeyRegister, MeterConfig
from tjugo.station import clock, settings
from tjugo.station.audit import chain
from tjugo.station.registry import status
from tjugo.station.registry.meters import checked_drn, key_columns, known_meter, meter_config
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import KeyChange, Meter, MeterKeyState, PlainToken
from tjugo.station.vending import asked, targets
from tjugo.station.vending.asked import Outcome, Printed
from tjugo.station.vending.tokens import add_plain
from tjugo.station.webhooks import outbox
from tjugo.station.work import View, Work

PLANNED, ISSUED, CONFIRMED, CANCELLED = "planned", "issued", "confirmed", "cancelled"
OPEN = (PLANNED, ISSUED)
WITH_SALE = "key_change_with_sale"
SECTIONS = (3, 4, 8, 9)  # subclasses, in the order in which the tokens are made and entered
_KEY_CHANGE = 2
ASK, CANCEL = "keychange.ask", "keychange.cancel"
_CONFIRM, _ISSUE = "keychange.confirm", "keychange.issue"


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
    states = OPEN if with_sale else (ISSUED,)
    found = {}
    for chunk in chunks(sorted(set(drns))):
        query = select(KeyChange).where(
            KeyChange.tenant_id == view.tenant_id,
            KeyChange.drn.in_(chunk),
            KeyChange.state.in_(states),
        )
        for row in view.session.scalars(query):
            found[row.drn] = _planned(row)
    return found


def _planned(row: KeyChange) -> PlannedChange:
    target = targets.from_text(row.target)
    return PlannedChange(row.drn, row.number, target, row.campaign, row.state == ISSUED)


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
    if row.state == ISSUED:
        tokens = _made_before(work, row)
    elif row.state == PLANNED:
        clock.check(work)
        targets.check(work, config, planned.target)
        new = targets.with_register(config, planned.target)
        minute, sections = targets.minute_of(work, new), config.sgc != new.sgc and config.ea == 7
        digits = work.backend.issue_key_change_tokens(config, new, minute, sections)
        tokens = tuple(
            Printed(f"key_change_{place}", text, _KEY_CHANGE, subclass)
            for place, (subclass, text) in enumerate(zip(SECTIONS, digits, strict=False), 1)
        )
    else:
        raise reason("key_change_unknown", f"The key change of meter {row.drn} is {row.state}.")
    return Prepared(planned, config, tokens, targets.with_register(config, planned.target))


def write(work: Work, prepared: Prepared, client: str, client_id: str) -> None:
    """Record the tokens of a key change under a request that is recorded already. The new key is
    the meter's pending one from now on."""
    row = _row(work, prepared.planned)
    made = [(one.token_class, one.subclass, one.digits) for one in prepared.tokens]
    add_plain(work, (client, client_id), row.drn, made)
    if row.state != PLANNED:
        return
    row.state, row.issued_at = ISSUED, work.now()
    row.client, row.client_id = client, client_id
    row.replaced = targets.as_text(prepared.replaced)
    tenant = {"tenant_id": work.tenant_id, "drn": row.drn}
    columns = key_columns(prepared.config)
    work.session.add(MeterKeyState(**tenant, phase="pending", **columns))
    work.session.flush()
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


def _made_before(view: View, row: KeyChange) -> tuple[Printed, ...]:
    rows = list(_key_change_tokens(view, row))
    if not rows or not all(intact(plain) for plain in rows):
        raise reason(
            "token_damaged",
            f"The record of the key change tokens of meter {row.drn} is damaged; restore the "
            "database from a backup.",
        )
    return tuple(
        Printed(f"key_change_{plain.position + 1}", plain.digits, *_kind(plain)) for plain in rows
    )


def _kind(row: PlainToken) -> tuple[int, int]:
    return row.token_class, row.subclass


def _key_change_tokens(view: View, row: KeyChange) -> Iterable[PlainToken]:
    of = {"tenant_id": row.tenant_id, "client": row.client, "client_id": row.client_id}
    query = select(PlainToken).filter_by(**of, token_class=_KEY_CHANGE)
    return view.session.scalars(query.order_by(PlainToken.position))


def issue_alone(work: Work, client: str, client_id: str, drn: str) -> Outcome:
    """Issue the planned key change of a meter without a sale, or the same tokens again; once for
    each client id, like a sale. Raise TjugoError when the request cannot be recorded."""
    row = asked.recorded(work, client, client_id, checked_drn(drn), {"kind": "key_change"})

    def tokens() -> bool:
        meter = known_meter(work, row.drn, lock=True)
        check_installed(meter)
        planned = due(work, [meter.drn], alone=True).get(meter.drn)
        if planned is None:
            raise _none(meter.drn)
        issue(work, meter_config(work, meter), planned, row.client, row.client_id)
        return True

    asked.decide(work, row, tokens)
    return asked.outcome_of(work, row)


def check_installed(meter: Meter) -> None:
    """Raise TjugoError unless the meter is installed."""
    if meter.status != status.INSTALLED:
        raise reason("meter_not_installed", status.sentence(meter.drn, meter.status))


def confirm(work: Work, drn: str, how: str) -> KeyRegister:
    """Make the pending key the meter's current one, because the meter has it. Return it. how: what
    shows it, for the record. Raise TjugoError when no key change is issued."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    row = open_change(work, meter.drn)
    if row is None or row.state != ISSUED:
        raise reason("key_change_unknown", f"No key change of meter {meter.drn} is issued.")
    target = targets.from_text(row.target)
    current = work.session.get_one(MeterKeyState, (work.tenant_id, meter.drn, "current"))
    for name, value in key_columns(target).items():
        setattr(current, name, value)
    _drop_pending(work, meter.drn)
    _decide(work, row, CONFIRMED)
    chain.record(work, _CONFIRM, f"meter {meter.drn}", how)
    outbox.emit(
        work,
        outbox.KEY_CHANGE_CONFIRMED,
        lambda: {"drn": meter.drn, "register": target.register(), "how": how},
    )
    return target


def cancel(work: Work, drn: str, why: str) -> None:
    """Cancel the key change of a meter. An issued one only when the customer has not entered the
    tokens: a second person approves it (`cancel_issued`). Raise TjugoError."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    row = open_change(work, meter.drn)
    if row is None:
        raise _none(meter.drn)
    if row.state == ISSUED:
        raise reason(
            "key_change_open",
            f"The key change tokens of meter {meter.drn} are issued already: a second person must "
            "approve that they are not used.",
        )
    _cancelled(work, row, why)


def cancel_issued(work: Work, drn: str, why: str) -> None:
    """Cancel a key change whose tokens are issued, because the meter will not get them: it keeps
    its key. Raise TjugoError."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    row = open_change(work, meter.drn)
    if row is None:
        raise _none(meter.drn)
    _drop_pending(work, meter.drn)
    _cancelled(work, row, why)


def _cancelled(work: Work, row: KeyChange, why: str) -> None:
    _decide(work, row, CANCELLED)
    chain.record(work, CANCEL, f"meter {row.drn}", why)


def _decide(work: Work, row: KeyChange, state: str) -> None:
    row.state, row.decided_at, row.decided_by = state, work.now(), work.actor[:80]
    work.session.flush()


def _drop_pending(work: Work, drn: str) -> None:
    of = {"tenant_id": work.tenant_id, "drn": drn, "phase": "pending"}
    work.session.execute(delete(MeterKeyState).filter_by(**of))
    work.session.expire_all()


def _none(drn: str) -> TjugoError:
    return reason("key_change_unknown", f"No key change of meter {drn} is planned.")


def last_change(view: View, drn: str) -> KeyChange | None:
    """Return the newest key change of a meter whose tokens were issued and that was not cancelled,
    or None."""
    query = select(KeyChange).where(
        KeyChange.tenant_id == view.tenant_id,
        KeyChange.drn == drn,
        KeyChange.state.in_((ISSUED, CONFIRMED)),
    )
    return view.session.scalars(query.order_by(KeyChange.number.desc()).limit(1)).first()


def printed(view: View, drn: str) -> tuple[Printed, ...]:
    """Return the tokens of the meter's newest key change in the order of entry, () if there is
    none. Raise Unavailable when the record is damaged."""
    row = last_change(view, drn)
    if row is None:
        return ()
    return _made_before(view, row)


def already_open(drn: str) -> TjugoError:
    """Return the error of a second key change at a time."""
    return reason(
        "key_change_open",
        f"A key change of meter {drn} is planned or issued already; confirm or cancel it first.",
    )


def open_change(view: View, drn: str) -> KeyChange | None:
    """Return the planned or issued key change of a meter, or None."""
    query = select(KeyChange).where(
        KeyChange.tenant_id == view.tenant_id, KeyChange.drn == drn, KeyChange.state.in_(OPEN)
    )
    return view.session.scalars(query).first()


def plan(
    work: Work, drns: Iterable[str], changes: dict[str, object], campaign: str | None = None
) -> int:
    """Plan a key change for each meter; return for how many. The caller has made sure that a
    second person approved it. Raise TjugoError, with nothing planned, when one is not possible."""
    planned = 0
    for drn in drns:
        meter = known_meter(work, checked_drn(drn), lock=True)
        if open_change(work, meter.drn) is not None:
            raise already_open(meter.drn)
        config = meter_config(work, meter)
        target = targets.target_of(work, config, changes)
        add_planned(work, meter.drn, target, campaign)
        detail = targets.differences(config, target)
        chain.record(work, ASK, f"meter {meter.drn}", detail)
        planned += 1
    return planned


def add_planned(work: Work, drn: str, target: KeyRegister, campaign: str | None) -> None:
    """Add the row of a planned key change."""
    last = select(KeyChange.number).where(
        KeyChange.tenant_id == work.tenant_id, KeyChange.drn == drn
    )
    number = work.session.scalar(last.order_by(KeyChange.number.desc()).limit(1))
    work.session.add(
        KeyChange(
            tenant_id=work.tenant_id,
            drn=drn,
            number=1 + (number or 0),
            state=PLANNED,
            campaign=campaign,
            target=targets.as_text(target),
            planned_by=work.actor[:80],
            planned_at=work.now(),
        )
    )
    work.session.flush()


def registers(view: View, drn: str) -> list[tuple[KeyRegister, str]]:
    """Return the key registers that a meter had or was to have besides its current one, newest
    first, each with the state of its key change: `pending`, `replaced` or `cancelled`."""
    query = select(KeyChange).where(KeyChange.tenant_id == view.tenant_id, KeyChange.drn == drn)
    found = []
    for row in view.session.scalars(query.order_by(KeyChange.number.desc())):
        if row.state == ISSUED:
            found.append((targets.from_text(row.target), "pending"))
        elif row.state == CANCELLED and row.issued_at is not None:
            found.append((targets.from_text(row.target), CANCELLED))
        elif row.state == CONFIRMED and row.replaced is not None:
            found.append((targets.from_text(row.replaced), "replaced"))
    return found
