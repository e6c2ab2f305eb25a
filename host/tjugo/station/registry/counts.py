"""What a meter counts: energy, or money."""

from sqlalchemy import select

from tjugo.counted import COUNTS
from tjugo.errors import reason
from tjugo.station.registry import record
from tjugo.station.storage.tables import Meter, MeterTariff, Token
from tjugo.station.work import Work


def check_counts(counts: str) -> None:
    """Raise TjugoError unless it is something that a meter counts."""
    if counts not in COUNTS:
        raise reason(
            "meter_counts_invalid", f"A meter counts {' or '.join(COUNTS)}, not {counts[:20]!r}."
        )


def change_counts(work: Work, meter: Meter, counts: str) -> None:
    """Set what a meter counts; the meter's row is locked. Its own tariff, which is for the other
    kind of meters, ends.

    Raise TjugoError; Conflict when credit was issued to it: its month, its credit notes and its
    replacements are of one kind.
    """
    check_counts(counts)
    if meter.counts == counts:
        return
    issued = select(Token.tid).where(
        Token.tenant_id == work.tenant_id, Token.drn == meter.drn, Token.token_class == 0
    )
    if work.session.scalar(issued.limit(1)) is not None:
        raise reason(
            "meter_counts_fixed",
            f"Meter {meter.drn} counts {meter.counts}, and credit was issued for it: what it "
            "counts stays.",
        )
    meter.counts = counts
    text = f"counts {counts}"
    own = work.session.scalars(
        select(MeterTariff).where(
            MeterTariff.tenant_id == work.tenant_id,
            MeterTariff.drn == meter.drn,
            MeterTariff.until.is_(None),
        )
    ).first()
    if own is not None:
        own.until = max(work.now(), own.since)
        text += f", without tariff {own.tariff}"
    work.session.flush()
    record.changed(work, record.METER, f"meter {meter.drn}", text)
