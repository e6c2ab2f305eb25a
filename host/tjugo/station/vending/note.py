"""A credit note as it is asked for: of a sale, or of a payment."""

from dataclasses import dataclass

from tjugo.errors import reason
from tjugo.station.ledger import balances
from tjugo.station.vending.seller import Seller
from tjugo.station.work import Work

CREDIT, CASH = "credit", "cash"
WAYS = (CREDIT, CASH)
"""Where the money of a sale goes: to the customer's credit at the utility, or back in cash."""


@dataclass(frozen=True)
class CreditNote:
    """A request for a credit note, once for each client and client_id. of_client, of_client_id:
    the sale or payment; amount: minor units, None for all that is left of it; to: one of WAYS,
    None: to the credit, and of a payment by the means by which it was paid."""

    client: str
    client_id: str
    of_client: str
    of_client_id: str
    seller: Seller
    why: str
    amount: int | None = None
    to: str | None = None


def check_cash(work: Work, seller: Seller, amount: int) -> None:
    """Raise Conflict when the till holds less cash than is to be returned, minor units."""
    shift_no = seller.shift_no
    if shift_no is None or not amount:
        return
    if balances.balance(work, "cash", str(shift_no)) < amount:
        raise reason("sale_not_credited", "The till holds less cash than is to be returned.")
