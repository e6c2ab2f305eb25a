"""The rows of deliveries: which are open, which were sent, and their end without an answer."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased, joinedload

from tjugo.station.delivery.jobs import Job
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import Token, TokenDelivery
from tjugo.station.webhooks import outbox
from tjugo.station.work import View, Work

log = logging.getLogger(__name__)

# A job is not entered into a meter later than this after its sale: the command carries this time.
# The token stays valid and can be keyed in.
EXPIRES_AFTER = timedelta(days=30)
# The station's own limit: the answer of a collector with its own clock may arrive later.
_GRACE = timedelta(hours=1)
ACCEPTED = "accepted"
REPORTED = "reported"
EXPIRED = "expired"
_OPEN = ("issued", "sent", "at_collector", "refused", REPORTED)
_EXPIRED = "no meter answered for it in time; the token can still be keyed in"
_NOT_PROVED = "no answer that can be checked came in time; the token can still be keyed in"


def open_jobs(view: View, now: datetime, only_new: bool = False) -> list[Job]:
    """Return unfinished deliveries, oldest first, without those that follow another one which is
    not accepted yet. only_new: those that were never sent."""
    # Expired ones too where the limit is not over: they were marked while the clock was wrong.
    states = ("issued",) if only_new else (*_OPEN, EXPIRED)
    before = aliased(TokenDelivery)
    query = (
        select(TokenDelivery)
        .options(joinedload(TokenDelivery.token), joinedload(TokenDelivery.section))
        .outerjoin(
            before,
            (before.tenant_id == TokenDelivery.tenant_id)
            & (before.ref == TokenDelivery.after_ref),
        )
        .where(
            TokenDelivery.tenant_id == view.tenant_id,
            TokenDelivery.state.in_(states),
            TokenDelivery.result.is_(None),
            TokenDelivery.done_at.is_(None),
            TokenDelivery.created_at > now - EXPIRES_AFTER,
            or_(TokenDelivery.after_ref.is_(None), taken(before)),
        )
        .order_by(TokenDelivery.created_at, TokenDelivery.tid)
    )
    jobs = []
    for row in view.session.scalars(query):
        token = row.token if row.section is None else row.section
        if token is not None and intact(token):
            limit = row.created_at + EXPIRES_AFTER
            again = row.doubted_at is not None
            jobs.append(Job(row.ref, row.collector_id, row.drn, token.digits, limit, again))
        else:
            log.error("the record of delivery %d to %s is damaged", row.ref, row.drn)
    return jobs


def mark_sent(work: Work, jobs: Sequence[Job]) -> list[int]:
    """Record that commands are being sent. To be committed before they are published, so that no
    answer can come earlier than this record. Return the refs of those that are not to be sent,
    because they were cancelled."""
    cancelled = []
    for job in sorted(jobs, key=lambda job: job.ref):
        key = (work.tenant_id, job.ref)
        row = work.session.get_one(TokenDelivery, key, with_for_update=True)
        if row.result is None and row.done_at is not None:
            cancelled.append(job.ref)
            continue
        row.attempts += 1
        if row.state in ("issued", EXPIRED):
            row.state, row.sent_at, row.reason = "sent", work.now(), None
    return cancelled


def cancel(work: Work, client: str, client_id: str, why: str) -> bool:
    """Cancel the deliveries of a sale: they are never sent. Return False, with nothing changed,
    when one was sent."""
    query = _of_sale(work, client, client_id).with_for_update(of=TokenDelivery)
    rows = work.session.scalars(query).all()
    if any(row.state != "issued" or row.attempts for row in rows):
        return False
    for row in rows:
        row.state, row.reason, row.done_at = EXPIRED, why, work.now()
    return True


def was_sent(view: View, client: str, client_id: str) -> bool:
    """Return whether a token of a sale was sent to a collector."""
    sent = _of_sale(view, client, client_id).where(TokenDelivery.attempts > 0).limit(1)
    return view.session.scalar(sent) is not None


def _of_sale(view: View, client: str, client_id: str) -> Select[TokenDelivery]:
    return (
        select(TokenDelivery)
        .join(TokenDelivery.token)
        .where(
            Token.tenant_id == view.tenant_id,
            Token.client == client,
            Token.client_id == client_id,
        )
    )


def overdue(view: View, now: datetime) -> list[int]:
    """Return the refs of open deliveries whose time limit has passed."""
    query = select(TokenDelivery.ref).where(
        TokenDelivery.tenant_id == view.tenant_id,
        TokenDelivery.state.in_(_OPEN),
        TokenDelivery.result.is_(None),
        TokenDelivery.created_at <= now - EXPIRES_AFTER - _GRACE,
    )
    return list(view.session.scalars(query))


def expire(work: Work, refs: Iterable[int]) -> None:
    """Mark deliveries as expired, except those that have received a result."""
    for ref in refs:
        row = work.session.get_one(TokenDelivery, (work.tenant_id, ref))
        if row.result is None:
            row.state = EXPIRED
            row.reason = _EXPIRED if row.doubted_at is None else _NOT_PROVED
            notify(work, row)


def taken(row: Any) -> Any:
    """Return whether the meter has taken a token, proved or only reported. row: a delivery, or an
    alias of its table in a query."""
    if isinstance(row, TokenDelivery):
        return row.result is not None and row.state in (ACCEPTED, REPORTED)
    return row.result.is_not(None) & row.state.in_((ACCEPTED, REPORTED))


_EVENTS = {
    ACCEPTED: outbox.TOKEN_ACCEPTED,
    REPORTED: outbox.TOKEN_REPORTED,
    "refused": outbox.TOKEN_REFUSED,
    EXPIRED: outbox.TOKEN_EXPIRED,
}


def notify(work: Work, row: TokenDelivery) -> None:
    """Notify webhooks of the end of a delivery."""
    emit(work, _EVENTS[row.state], row)


def emit(work: Work, event: str, row: TokenDelivery) -> None:
    """Notify webhooks of an event of a delivery."""

    def facts() -> dict[str, Any]:
        sold = row.token or row  # a section of a key change is no token with a TID
        of = {"client": sold.client, "client_id": sold.client_id}
        names = ("drn", "ref", "collector_id", "state", "result", "reason")
        return {**of, **{name: getattr(row, name) for name in names}}

    outbox.emit(work, event, facts)
