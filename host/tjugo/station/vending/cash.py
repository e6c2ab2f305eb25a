"""Cash that can have been handed over: a scanned barcode or a double keystroke is not."""

from collections.abc import Iterable
from decimal import Decimal

from tjugo import money
from tjugo.errors import reason
from tjugo.station.vending.purchase import Tender

TIMES = 100
"""No customer hands over more than so many times what is due, unless by one note."""
_LARGEST = {
    20: "KWD SLE",
    50: "GBP",
    100: "AUD CAD CNY USD",
    200: "BRL BWP EGP ETB GHS LSL NAD SZL ZAR",
    500: "EUR ZMW",
    1000: "BDT CHF DKK KES LRD MXN MZN NGN NOK SDG SEK SSP",
    2000: "INR MUR",
    5000: "MWK PKR RWF",
    10_000: "BIF JPY TZS XAF XOF",
    20_000: "CDF MGA",
    50_000: "UGX",
    100_000: "IDR",
}
NOTES = {name: note for note, names in _LARGEST.items() for name in names.split()}
"""The largest bank note by currency, in major units."""
OTHER = 1_000_000
"""For a currency that is not listed: no note is larger."""


def check(tenders: Iterable[Tender], due: int, currency: str) -> None:
    """Raise TjugoError when the cash is more than TIMES what is due, and more than the largest
    note. due: minor units."""
    cash = sum(tender.amount for tender in tenders if tender.means == "cash")
    note = money.given(Decimal(NOTES.get(currency, OTHER)), currency)
    if cash > max(TIMES * due, note):
        raise reason(
            "tender_invalid",
            f"The cash, {money.plain(cash, currency)}, is more than {TIMES} times what is due, "
            f"{money.plain(due, currency)}: compare it with what was handed over.",
        )
