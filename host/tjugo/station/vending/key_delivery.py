"""Key changes through collectors: the sections in the order of entry, each sent after the meter
accepted the one before, and after the last the tokens that are made with the new key.

A section that the meter refuses, or that expires, stops the row; the set is then sent again as a
whole. Only the sections of one set are ever on their way, because the meter gathers what it gets.
"""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from sts_portable.decoder import KCT_TIMEOUT_MS
from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.delivery.outcomes import SECTIONS
from tjugo.station.delivery.refs import free_refs
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import KeyChange, TokenDelivery
from tjugo.station.vending import change_rows as rows
from tjugo.station.work import View, Work

SEND = "keychange.send"
_KEPT = timedelta(milliseconds=KCT_TIMEOUT_MS)
_AGAIN = "the whole set was sent again"


def begin(work: Work, change: KeyChange, collector_id: str | None) -> None:
    """Begin the delivery of an issued key change, unless it was begun before or no collector
    serves the meter."""
    if collector_id is not None and not newest_set(work, change):
        _add_set(work, change, collector_id, 1)


def _add_set(work: Work, change: KeyChange, collector_id: str, set_no: int) -> int:
    """Add the deliveries of all sections; return the ref of the last one."""
    sections, after = rows.sections(work, change), None
    for section, ref in zip(sections, free_refs(work, len(sections)), strict=True):
        work.session.add(
            TokenDelivery(
                tenant_id=work.tenant_id,
                ref=ref,
                drn=change.drn,
                collector_id=collector_id,
                state="issued",
                attempts=0,
                created_at=work.now(),
                client=section.client,
                client_id=section.client_id,
                position=section.position,
                set_no=set_no,
                after_ref=after,
            )
        )
        work.session.flush()
        after = ref
    assert after is not None
    return after


def all_sets(view: View, change: KeyChange) -> list[TokenDelivery]:
    """Return the deliveries of a key change's sections, set by set in the order of entry."""
    query = select(TokenDelivery).where(
        TokenDelivery.tenant_id == change.tenant_id,
        TokenDelivery.client == change.client,
        TokenDelivery.client_id == change.client_id,
        TokenDelivery.position.is_not(None),
    )
    ordered = query.order_by(TokenDelivery.set_no, TokenDelivery.position)
    return list(view.session.scalars(ordered))


def newest_set(view: View, change: KeyChange) -> list[TokenDelivery]:
    """Return the deliveries of the set that was begun last, in the order of entry."""
    found = all_sets(view, change)
    return [row for row in found if row.set_no == found[-1].set_no]


def last_refs(view: View, drns: Collection[str]) -> dict[str, int]:
    """Return, by DRN, the delivery after which a token of the new key is sent: that of the last
    section of an issued key change."""
    found: dict[str, int] = {}
    row = TokenDelivery
    for chunk in chunks(sorted(set(drns))):
        query = (
            select(row.drn, row.ref)
            .join(
                KeyChange,
                (KeyChange.tenant_id == row.tenant_id)
                & (KeyChange.client == row.client)
                & (KeyChange.client_id == row.client_id),
            )
            .where(
                KeyChange.tenant_id == view.tenant_id,
                KeyChange.drn.in_(chunk),
                KeyChange.state == rows.ISSUED,
                row.position.is_not(None),
            )
            .order_by(row.set_no, row.position)
        )
        found.update((drn, ref) for drn, ref in view.session.execute(query))
    return found


def stopped(section: TokenDelivery) -> bool:
    """Return whether a section stops its set: refused by the meter, expired or cancelled. A
    refusal of the collector passes: the command is repeated."""
    refused = section.state == "refused" and section.result is not None
    return refused or section.state == "expired"


def on_its_way(section: TokenDelivery) -> bool:
    """Return whether a section was sent and nothing is known of it yet."""
    return section.attempts > 0 and section.result is None and not stopped(section)


def send_again(work: Work, drn: str) -> None:
    """Send the whole set again, after it was stopped. Raise TjugoError."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    change = rows.open_change(work, meter.drn)
    if change is None or change.state != rows.ISSUED:
        raise reason("key_change_unknown", f"No key change of meter {meter.drn} is issued.")
    if meter.collector_id is None:
        raise reason("key_change_refused", f"No collector serves meter {meter.drn}.")
    before = newest_set(work, change)
    if before and not any(map(stopped, before)):
        raise reason(
            "key_change_open",
            f"The key change tokens of meter {meter.drn} are on their way already.",
        )
    _close(work, before, _AGAIN)
    set_no = 1 if not before else 1 + (before[-1].set_no or 0)
    last = _add_set(work, change, meter.collector_id, set_no)
    for row in _followers(work, before):
        row.after_ref = last
    work.session.flush()
    chain.record(work, SEND, f"meter {meter.drn}", f"set {set_no} to {meter.collector_id}")


def check_ended(work: Work, change: KeyChange) -> None:
    """Raise Conflict while a collector has a section of the key change and has not answered, and
    while the meter keeps one: it would complete a set with sections of another."""
    for row in newest_set(work, change):
        if row.done_at is not None and row.done_at > work.now() - _KEPT and row.result in SECTIONS:
            raise reason(
                "key_change_open",
                f"Meter {row.drn} has accepted a part of the key change tokens. It discards them "
                "after 10 minutes; try again then.",
            )
        if on_its_way(row):
            raise reason(
                "key_change_open",
                f"Collector {row.collector_id} has a key change token of meter {row.drn}, and has "
                "not answered yet: it may still enter it.",
            )


def end(work: Work, change: KeyChange, why: str, confirmed: bool) -> None:
    """Send no further section of a key change. confirmed: the meter has its new key, so the tokens
    after it are sent now; else they never are."""
    sections = all_sets(work, change)
    followers = _followers(work, sections)
    _close(work, sections, why)
    if confirmed:
        for row in followers:
            row.after_ref = None
    else:
        _close(work, followers, why)
    work.session.flush()


def _close(work: Work, found: list[TokenDelivery], why: str) -> None:
    for row in found:
        if row.result is None and row.done_at is None:
            row.state, row.reason, row.done_at = "expired", why, work.now()


def _followers(view: View, sections: list[TokenDelivery]) -> list[TokenDelivery]:
    """Return the deliveries of tokens with a TID that wait for these sections."""
    query = select(TokenDelivery).where(
        TokenDelivery.tenant_id == view.tenant_id,
        TokenDelivery.after_ref.in_([row.ref for row in sections]),
        TokenDelivery.position.is_(None),
    )
    return list(view.session.scalars(query))
