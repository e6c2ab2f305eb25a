"""References of deliveries, by which collectors and meters tell them apart."""

from sqlalchemy import bindparam, select

from tjugo.station.storage.statement import Statement, any_of
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.work import Work

_TAKEN = Statement(
    select(TokenDelivery.ref).where(
        TokenDelivery.tenant_id == bindparam("tenant"), any_of(TokenDelivery.ref, "refs")
    )
)


def free_refs(work: Work, count: int) -> list[int]:
    """Return so many different refs that no delivery has, in ascending order."""
    refs: set[int] = set()
    while len(refs) < count:
        refs |= {1 + work.randbelow(0xFFFFFFFF) for _ in range(count - len(refs))}
        taken = _TAKEN.all(work.session, tenant=work.tenant_id, refs=sorted(refs))
        refs -= {row.ref for row in taken}
    return sorted(refs)
