"""The TID of a meter's next token, and the repair of TIDs issued under a wrong clock.

The next TID is above every TID of the meter. One sale with the clock at 2045 would therefore leave
no TID for years. `repair` marks such tokens: the next TIDs continue from the correct time and skip
the marked ones, so that no TID is issued twice.

A meter stores the 50 highest TIDs that it accepted and refuses a lower one only when all 50 places
hold higher ones (IEC 62055-41). A meter with fewer than 50 marked tokens therefore accepts the
lower TIDs; one that may have 50 needs a key change, and is not repaired.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select

from sts_portable import tid
from sts_portable.errors import StsError
from tjugo.errors import reason
from tjugo.key_register import MeterConfig
from tjugo.station import clock
from tjugo.station.audit.chain import record
from tjugo.station.keys.backend import next_tid
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.tables import MisdatedToken, Token
from tjugo.station.work import View, Work

STORE = 50  # TIDs that a meter stores
AHEAD = timedelta(days=1)  # sales of one minute may run ahead of the clock by this


def next_free(work: Work, config: MeterConfig, above: int | None = None) -> int:
    """Return the TID of the meter's next token, which was never issued to the meter before.
    above: the TID of a token that is not recorded yet. Raise TjugoError outside the base date's
    range."""
    of_meter = (
        Token.tenant_id == work.tenant_id,
        Token.drn == config.drn,
        Token.bdt == config.bdt,
    )
    last = work.session.scalar(
        select(Token.tid).where(*of_meter, ~_marked()).order_by(Token.tid.desc()).limit(1)
    )
    taken = set(work.session.scalars(select(Token.tid).where(*of_meter, _marked())))
    if above is not None and above not in taken:
        last = above if last is None else max(last, above)
    at = earliest(work)
    number = next_tid(config, at, last)
    while number in taken:
        number = next_tid(config, at, number)
    return number


def repair(work: Work, drn: str | None = None) -> dict[str, int]:
    """Mark the tokens of one meter, or of all, whose TIDs are in the future. Return how many by
    DRN.

    Each meter is a recorded action. Raise Unavailable when the clock is not plausible; Conflict
    when the one meter may have its store full of marked TIDs. When all meters are repaired, such a
    meter is left unchanged.
    """
    clock.check(work)
    if drn is not None:
        drn = checked_drn(drn)
        known_meter(work, drn)
    marked = Counter(key for key, _ in _tokens(work, drn, _marked()))
    repaired: dict[str, int] = {}
    found: dict[tuple[str, str], list[int]] = {}
    for bdt in tid.BASE_YEARS:
        ahead = Token.bdt == bdt, Token.tid > _minute(bdt, earliest(work) + AHEAD)
        for key, number in _tokens(work, drn, *ahead, ~_marked()):
            found.setdefault(key, []).append(number)
    for (of_drn, bdt), numbers in found.items():
        if marked[of_drn, bdt] + len(numbers) >= STORE:
            if drn is None:
                continue
            raise reason(
                "tid_store_full",
                f"Meter {drn} may have accepted {STORE} tokens with a TID in the future and would "
                "refuse every other: it needs a key change.",
            )
        _mark(work, of_drn, bdt, numbers)
        repaired[of_drn] = repaired.get(of_drn, 0) + len(numbers)
    return repaired


def earliest(work: Work) -> datetime:
    """Return the earliest time of the next TID: now, or after a restore the minute after the last
    TID that may have been issued."""
    floor = work.tenant.tid_floor
    return work.now() if floor is None else max(work.now(), floor + timedelta(minutes=1))


def _mark(work: Work, drn: str, bdt: str, numbers: list[int]) -> None:
    key = {"tenant_id": work.tenant_id, "drn": drn, "bdt": bdt}
    work.session.add_all(
        MisdatedToken(**key, tid=number, found_at=work.now()) for number in numbers
    )
    work.session.flush()
    record(work, "tids.repair", f"meter {drn}", f"base date {bdt}: {len(numbers)} tokens")


def _marked() -> ColumnElement[bool]:
    row = MisdatedToken
    return exists().where(
        row.tenant_id == Token.tenant_id,
        row.drn == Token.drn,
        row.bdt == Token.bdt,
        row.tid == Token.tid,
    )


def _tokens(
    view: View, drn: str | None, *conditions: ColumnElement[bool]
) -> Iterator[tuple[tuple[str, str], int]]:
    query = select(Token.drn, Token.bdt, Token.tid).where(
        Token.tenant_id == view.tenant_id, *conditions
    )
    if drn is not None:
        query = query.where(Token.drn == drn)
    for of_drn, bdt, number in view.session.execute(query.order_by(Token.drn, Token.tid)):
        yield (of_drn, bdt), number


def _minute(bdt: str, at: datetime) -> int:
    """Return the minutes since the base date; 0 before it, the maximum TID beyond its range."""
    try:
        return tid.minutes(bdt, at.year, at.month, at.day, at.hour, at.minute)
    except StsError:
        return tid.MAX_TID if at.year > tid.BASE_YEARS[bdt] else 0
