"""References of deliveries, by which collectors and meters tell them apart."""

from sqlalchemy import select

from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.work import Work


def free_refs(work: Work, count: int) -> list[int]:
    """Return so many different refs that no delivery has, in ascending order."""
    refs: set[int] = set()
    while len(refs) < count:
        refs |= {1 + work.randbelow(0xFFFFFFFF) for _ in range(count - len(refs))}
        row = TokenDelivery
        query = select(row.ref).where(row.tenant_id == work.tenant_id, row.ref.in_(sorted(refs)))
        refs -= set(work.session.scalars(query))
    return sorted(refs)
