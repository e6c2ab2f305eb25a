"""References of deliveries, by which collectors and meters tell them apart."""

from sqlalchemy import bindparam, select

from tjugo.station.storage.statement import Query, Statement, any_of
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.work import Work

_CHOSEN = "refs"
_TAKEN = Statement(
    select(TokenDelivery.ref).where(
        TokenDelivery.tenant_id == bindparam("tenant"), any_of(TokenDelivery.ref, "refs")
    )
)


def free_refs(work: Work, count: int) -> list[int]:
    """Return so many different refs that no delivery has, in ascending order."""
    if not count:
        return []
    refs: set[int] = work.memo.pop(_CHOSEN, set()) or _random(work, count)
    while True:
        taken = _taken(work, refs).all(work.session)
        refs -= {row.ref for row in taken}
        if len(refs) >= count:
            return sorted(refs)[:count]
        refs |= _random(work, count - len(refs))


def choose(work: Work, count: int) -> Query:
    """Choose refs for the next `free_refs`; return what it reads of them."""
    refs = work.memo[_CHOSEN] = _random(work, count)
    return _taken(work, refs)


def _random(work: Work, count: int) -> set[int]:
    return {1 + work.randbelow(0xFFFFFFFF) for _ in range(count)}


def _taken(work: Work, refs: set[int]) -> Query:
    return _TAKEN.of(tenant=work.tenant_id, refs=sorted(refs))
