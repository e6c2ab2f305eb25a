"""How a sale is paid, and what goes back to the customer of it: in cash, or to the credit."""

from dataclasses import dataclass

from tjugo import money
from tjugo.errors import reason
from tjugo.station.tariffs.model import Quote
from tjugo.station.vending.cash import check as check_cash
from tjugo.station.vending.purchase import Purchase, Tender


@dataclass(frozen=True)
class Returned:
    """What goes back, in minor units: given in cash, and kept as the customer's credit."""

    cash: int
    credit: int


def tenders(purchase: Purchase, quote: Quote) -> tuple[Tender, ...]:
    """Return how the sale was paid: as given, or the exact amount in cash."""
    if purchase.tenders:
        return purchase.tenders
    return (Tender("cash", quote.tendered),) if quote.tendered else ()


def returned(purchase: Purchase, quote: Quote) -> Returned:
    """Return what goes back: what is tendered beyond the price, and what a token cannot carry.
    Cash first; what was paid by other means, or from the credit, goes to the credit."""
    paid = tenders(purchase, quote)
    back = sum(tender.amount for tender in paid) - quote.tendered + quote.change
    cash = min(back, sum(tender.amount for tender in paid if tender.means == "cash"))
    return Returned(cash, back - cash)


def check(purchase: Purchase, quote: Quote, has_customer: bool, currency: str) -> None:
    """Raise TjugoError when the payments do not cover the price, are beyond what is handed over,
    or cannot be returned in part."""
    paid = tenders(purchase, quote)
    over = sum(tender.amount for tender in paid) - quote.tendered
    cash = sum(tender.amount for tender in paid if tender.means == "cash")
    if over < 0:
        raise reason("tender_too_low", "The payments do not cover the price.")
    check_cash(paid, quote.tendered, currency)
    if over > cash:
        raise reason("tender_invalid", "Only cash is given back: the other payments are too high.")
    if returned(purchase, quote).credit and not has_customer:
        most = money.plain(quote.tendered - quote.change, currency)
        raise reason(
            "tender_invalid",
            f"A token cannot carry all of this money: sell for {most}, or take a part in cash. "
            "The rest cannot be kept, since the meter has no customer.",
        )
