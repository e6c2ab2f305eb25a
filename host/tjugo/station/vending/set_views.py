"""Data about the delivery of key changes for pages, commands and the API."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from tjugo.station.delivery.service import taken
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import KeyChange, TokenDelivery
from tjugo.station.vending import change_rows, key_delivery
from tjugo.station.work import View

SENDING, STOPPED, DONE = "sending", "stopped", "done"
_WAITING = "waiting"
_Key = tuple[str | None, str | None]


@dataclass(frozen=True)
class SectionView:
    """The delivery of a section for JSON. state: of a delivery, or `waiting` for the section
    before it; times ISO 8601 in UTC."""

    ref: int
    state: str
    reason: str | None
    attempts: int
    sent_at: str | None
    done_at: str | None


@dataclass(frozen=True)
class SetView:
    """The set of sections that was sent last. state: `sending`, `stopped` (reason: why; it can be
    sent again) or `done`; accepted: how many sections the meter has accepted; behind: how many
    tokens are sent after them."""

    collector_id: str
    set_no: int
    state: str
    reason: str | None
    accepted: int
    behind: int
    sections: list[SectionView]


def set_views(view: View, changes: Sequence[KeyChange]) -> dict[_Key, SetView]:
    """Return, by client and client id, the newest set of each key change that a collector
    delivers."""
    by_key: dict[_Key, list[TokenDelivery]] = defaultdict(list)
    row = TokenDelivery
    wanted = {(one.client, one.client_id) for one in changes if one.client_id is not None}
    for chunk in chunks(sorted(wanted)):
        query = select(row).where(
            row.tenant_id == view.tenant_id,
            row.position.is_not(None),
            row.client.in_({client for client, _ in chunk}),
            row.client_id.in_([client_id for _, client_id in chunk]),
        )
        for found in view.session.scalars(query.order_by(row.set_no, row.position)):
            if (found.client, found.client_id) in wanted:
                by_key[found.client, found.client_id].append(found)
    ended = {(one.client, one.client_id) for one in changes if one.state != change_rows.ISSUED}
    newest = {
        key: [one for one in rows if one.set_no == rows[-1].set_no] for key, rows in by_key.items()
    }
    behind = _behind(view, [rows[-1].ref for rows in newest.values()])
    return {
        key: _set_view(rows, key in ended, behind.get(rows[-1].ref, 0))
        for key, rows in newest.items()
    }


def _behind(view: View, refs: Sequence[int]) -> dict[int | None, int]:
    row = TokenDelivery
    found: dict[int | None, int] = {}
    for chunk in chunks(refs):
        query = (
            select(row.after_ref, func.count())
            .where(row.tenant_id == view.tenant_id, row.after_ref.in_(chunk))
            .where(row.position.is_(None))
            .group_by(row.after_ref)
        )
        found.update((ref, count) for ref, count in view.session.execute(query))
    return found


def _set_view(rows: list[TokenDelivery], ended: bool, behind: int) -> SetView:
    at = next((row for row in rows if not taken(row)), None)
    if at is None or ended:
        state = DONE
    else:
        state = STOPPED if key_delivery.stopped(at) else SENDING
    return SetView(
        collector_id=rows[-1].collector_id,
        set_no=rows[-1].set_no or 1,
        state=state,
        reason=None if at is None else at.reason,
        accepted=sum(taken(row) for row in rows),
        behind=behind,
        sections=[_section_view(row, at) for row in rows],
    )


def _section_view(row: TokenDelivery, at: TokenDelivery | None) -> SectionView:
    waits = at is not None and row.state == "issued" and row.ref != at.ref
    return SectionView(
        ref=row.ref,
        state=_WAITING if waits else row.state,
        reason=row.reason,
        attempts=row.attempts,
        sent_at=iso(row.sent_at),
        done_at=iso(row.done_at),
    )
