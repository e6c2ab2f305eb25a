"""How much was sold with each vending key, and its credit limit."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select, text

from tjugo.errors import TjugoError, reason
from tjugo.key_register import RegisteredKey, written
from tjugo.station.storage.rows import Rows
from tjugo.station.storage.statement import Statement
from tjugo.station.storage.tables import KeyUse
from tjugo.station.work import View, Work

PENDING = "keys"

Place = tuple[int, int, int]
"""SGC, KRN, KT."""

_ADD = Statement(
    text(
        "INSERT INTO key_use (tenant_id, sgc, krn, kt, tenths) "
        "VALUES (:tenant_id, :sgc, :krn, :kt, :tenths) "
        "ON CONFLICT (tenant_id, sgc, krn, kt) DO UPDATE SET tenths = key_use.tenths + :tenths "
        "RETURNING tenths"
    )
)


_COUNTED = Rows(
    KeyUse,
    ("tenant_id", "sgc", "krn", "kt", "tenths"),
    "(tenant_id, sgc, krn, kt) DO UPDATE SET tenths = key_use.tenths + excluded.tenths",
)


def check_and_count(work: Work, wanted: Sequence[tuple[Place, int]]) -> list[bool]:
    """Count what is sold with vending keys, in 0.1 kWh, as far as their credit limits permit.

    Return for each one whether it is counted, in the order given: one that is beyond its key's
    limit is not, and a smaller one after it may be. Call it at the end of a unit of work: the
    rows of keys with a limit stay locked until it ends, and they are taken in the order of the
    keys. Others are counted when it ends.
    """
    granted = [True] * len(wanted)
    for place in sorted({place for place, _ in wanted}):
        indices = [index for index, (other, _) in enumerate(wanted) if other == place]
        total = sum(wanted[index][1] for index in indices)
        limit = _limit(work, place)
        if limit is None:
            pending: list[tuple[Place, int]] = work.pending(PENDING, _write)
            pending.append((place, total))
            continue
        # The whole sum first: it locks the row, and is mostly within the limit.
        left = limit - _add(work, place, total) + total
        counted = 0
        for index in indices:
            tenths = wanted[index][1]
            granted[index] = counted + tenths <= left
            counted += tenths if granted[index] else 0
        if counted != total:
            _add(work, place, counted - total)
    return granted


def _write(work: Work, counted: list[tuple[Place, int]]) -> None:
    """Count what was sold with keys without a limit."""
    totals: Counter[Place] = Counter()
    for place, tenths in counted:
        totals[place] += tenths
    rows = [(work.tenant_id, *_columns(place), totals[place]) for place in sorted(totals)]
    _COUNTED.insert(work.session, rows)


def limit_reached(key: RegisteredKey) -> TjugoError:
    """Return the error of a sale that check_and_count() did not count."""
    return reason(
        "key_limit_reached",
        f"The credit limit of the vending key of {key.name} is reached. An administrator has to "
        "renew it before this can be sold.",
    )


def check_money(key: RegisteredKey | None) -> None:
    """Raise TjugoError where a token of money may not be made with a key: it has a credit limit,
    which counts kWh."""
    if key is not None and key.limit_tenths is not None:
        raise reason(
            "key_counts_energy",
            f"The vending key of {key.name} has a credit limit in kWh, which cannot count money: "
            "a meter that counts money needs a key without a limit.",
        )


def used(view: View) -> dict[Place, int]:
    """Return what was sold with each vending key, in 0.1 kWh."""
    rows = view.session.scalars(select(KeyUse).where(KeyUse.tenant_id == view.tenant_id))
    return {(int(row.sgc), row.krn, row.kt): row.tenths for row in rows}


def _limit(work: Work, place: Place) -> int | None:
    sgc, krn, kt = place
    register = work.backend.vending_register(sgc, kt, krn)
    return None if register is None else register.limit_tenths


def _add(work: Work, place: Place, tenths: int) -> int:
    """Add to what was sold with a key; return the new sum."""
    sgc, krn, kt = _columns(place)
    given = {"tenant_id": work.tenant_id, "sgc": sgc, "krn": krn, "kt": kt}
    found: int = _ADD.first(work.session, **given, tenths=tenths).tenths
    return found


def _columns(place: Place) -> tuple[str | None, int, int]:
    sgc, krn, kt = place
    return written("sgc", sgc), krn, kt
