"""The books: every row that is derived from entries, sales and tokens, checked and made again."""

from tjugo.station.ledger import verify as ledger
from tjugo.station.tariffs import charges_paid
from tjugo.station.work import View, Work


def verify(view: View) -> list[str]:
    """Return what is wrong with the entries and the derived rows, one sentence each."""
    return ledger.verify(view) + charges_paid.verify(view)


def rebuild(work: Work) -> None:
    """Make all derived rows again, in this moment. Entries, sales and tokens are not touched."""
    ledger.rebuild(work)
    charges_paid.rebuild(work)
