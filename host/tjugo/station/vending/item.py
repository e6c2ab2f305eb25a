"""A purchase on its way through a batch."""

from dataclasses import dataclass, field

from tjugo.errors import TjugoError
from tjugo.station.tariffs.effect import Effective
from tjugo.station.tariffs.model import Quote
from tjugo.station.vending.facts import MeterFacts
from tjugo.station.vending.keychange import Prepared
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.views import Refusal, Sale

Outcome = Sale | Refusal | TjugoError
"""A sale, a recorded refusal, or an error for a request that is not recorded."""


@dataclass(frozen=True)
class NewToken:
    """A credit token that is to be recorded. kind: free, credit or replacement; carried: what its
    amount field gives, 0.1 kWh. credit: of a token of money, which carries no energy, in 1e-5 of
    the currency, None for the others."""

    kind: str
    tid: int
    asked: int
    carried: int
    digits: str
    credit: int | None = None


@dataclass(eq=False)
class Item:
    """A purchase and what is found out about it, step by step. drn: as recorded; change: the key
    change whose tokens come before the others; refusal: why it is refused, which is recorded;
    outcome: once it is decided."""

    purchase: Purchase
    drn: str
    meter: MeterFacts | None = None
    tariff: Effective | None = None
    quote: Quote | None = None
    change: Prepared | None = None
    tokens: list[NewToken] = field(default_factory=list)
    refusal: TjugoError | None = None
    outcome: Outcome | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Client and client id."""
        return self.purchase.client, self.purchase.client_id
