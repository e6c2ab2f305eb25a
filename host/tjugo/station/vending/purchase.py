"""What a client asks for: a purchase, and how it is paid."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sts_portable import amount
from tjugo import numbers
from tjugo.errors import reason

MEANS = ("cash", "card", "mobile_money", "bank", "voucher", "account")
"""Means of payment; `account`: from the customer's own credit at the utility."""
KINDS = ("credit", "free", "replacement")
MAX_KWH = Decimal(amount.MAX_TENTHS) / 10
MOST_MONEY = 10**12
"""No purchase reaches this amount, in minor units."""
MAIN = "main"
RECEIPTS = "receipt:"
"""The series of receipt numbers of an outlet begins so."""

_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:-]{1,64}")  # . and .. are left out of an address
_MOST_TENDERS = 8


@dataclass(frozen=True)
class Tender:
    """A part of the payment, in minor units. ref: the other party's number of it."""

    means: str
    amount: int
    ref: str = ""


@dataclass(frozen=True)
class Purchase:
    """A request for electricity, once for each client and client_id.

    drn: as typed. money: the amount to be spent, minor units, all deductions included; kwh: the
    energy to be bought, a multiple of 0.1; one of them is None. tenders: how it is paid; empty:
    the exact amount in cash. What is tendered beyond `money` is change. actor, operator, outlet,
    terminal, shift_no: who sells, and where. kind `free`: this month's free units alone;
    `replacement`: kwh without payment. disclosed: the answer shows the token, so that the sale can
    no longer be voided. sale_limit, day_limit: what the seller may sell at once and in a day,
    minor units.
    """

    client: str
    client_id: str
    drn: str
    kwh: Decimal | None = None
    money: int | None = None
    tenders: tuple[Tender, ...] = ()
    kind: str = "credit"
    actor: str = "station"
    outlet: str = MAIN
    terminal: str | None = None
    shift_no: int | None = None
    note: str = ""
    disclosed: bool = True
    sale_limit: int | None = None
    day_limit: int | None = None

    @property
    def tendered(self) -> int | None:
        """What the customer hands over; None: the exact amount."""
        return sum(tender.amount for tender in self.tenders) if self.tenders else None

    def asked(self) -> str:
        """Return what is recorded of the request besides meter, kwh and money, as JSON."""
        more = {
            "kind": self.kind,
            "outlet": self.outlet,
            "terminal": self.terminal,
            "shift_no": self.shift_no,
            "tenders": [asdict(tender) for tender in self.tenders],
            "note": self.note,
        }
        return json.dumps(more, separators=(",", ":"))

    def same_terms(self, asked: str | None) -> bool:
        """Return whether a recorded request is of the same kind and paid in the same way. asked:
        of `asked()`; those of early versions lack what they did not record. Terminal, outlet and
        shift may differ: a request is repeated from anywhere."""
        stored = json.loads(asked) if asked else {}
        tenders = stored.get("tenders")
        return stored.get("kind", self.kind) == self.kind and (
            tenders is None or self._paid(tenders) == self._paid(map(asdict, self.tenders))
        )

    def _paid(self, tenders: Iterable[dict[str, Any]]) -> list[tuple[str, int, str]]:
        """Return payments in an order of their own; none: the exact amount in cash."""
        found = sorted((one["means"], one["amount"], one.get("ref") or "") for one in tenders)
        return found or ([] if self.money is None else [("cash", self.money, "")])


def check_id(client: str, client_id: str) -> None:
    """Raise TjugoError unless both are 1 to 64 letters, digits and `._:-`, not `.` or `..`."""
    if not _ID.fullmatch(client_id) or not _ID.fullmatch(client):
        raise reason(
            "request_id_invalid", "A request id is 1 to 64 letters, digits, dots, colons, hyphens."
        )


def check(purchase: Purchase) -> None:
    """Raise TjugoError for a purchase that cannot be recorded: ids, numbers without a meaning."""
    check_id(purchase.client, purchase.client_id)
    kwh = purchase.kwh
    if kwh is not None and (not kwh.is_finite() or abs(kwh.adjusted()) > 20 or len(str(kwh)) > 40):
        raise reason("amount_invalid", "The amount must be a number of kWh.")
    if purchase.money is not None and not abs(purchase.money) < MOST_MONEY:
        raise reason("amount_invalid", "The amount is more than this station can handle.")
    if purchase.kind == "credit" and (kwh is None) == (purchase.money is None):
        raise reason("amount_invalid", "Give an amount of money or an amount of kWh.")
    if purchase.kind not in KINDS:
        raise reason("kind_invalid", f"A sale is one of {', '.join(KINDS)}.")


def check_payment(purchase: Purchase) -> None:
    """Raise TjugoError for a payment that no sale can have. The refusal is recorded."""
    if purchase.money is not None and purchase.money <= 0:
        raise reason("amount_invalid", "The amount must be more than 0.")
    check_tenders(purchase.tenders)


def check_tenders(tenders: tuple[Tender, ...]) -> None:
    """Raise TjugoError for payments that cannot be."""
    if len(tenders) > _MOST_TENDERS:
        raise reason("tender_invalid", f"At most {_MOST_TENDERS} payments for one sale.")
    for tender in tenders:
        if tender.means not in MEANS:
            raise reason("tender_invalid", f"A payment is made by one of {', '.join(MEANS)}.")
        if not 0 < tender.amount < MOST_MONEY:
            raise reason("tender_invalid", "Each payment must be more than 0.")
        if len(tender.ref) > 60:
            raise reason("tender_invalid", "The reference of a payment is up to 60 characters.")
        if not tender.ref.isprintable():
            raise reason(
                "tender_invalid",
                "The reference of a payment has a character that cannot be printed.",
            )
    vouchers = [bare for tender in tenders if (bare := bare_ref(tender))]
    if len(set(vouchers)) < len(vouchers):
        raise reason("tender_invalid", "A voucher pays once: one is given twice.")


def bare_ref(tender: Tender) -> str:
    """Return the number of a voucher as it is compared, without spaces and in capitals; "" for one
    without a number, and for other means."""
    return tender.ref.replace(" ", "").upper() if tender.means == "voucher" else ""


def parse_kwh(text: str) -> Decimal:
    """Return the kWh in a text such as 20, 7.5 or 7,5. Raise TjugoError (status 2)."""
    try:
        return numbers.decimal(text, numbers.TENTHS)
    except numbers.NotANumber as error:
        raise reason("amount_invalid", error.sentence("The amount")) from error


def tenths(kwh: Decimal) -> int:
    """Return kWh in units of 0.1. Raise TjugoError when it is not positive, not a multiple of 0.1,
    or more than a token can carry."""
    if not 0 < kwh <= MAX_KWH:
        raise reason(
            "amount_invalid", f"The amount must be more than 0 and at most {MAX_KWH} kWh."
        )
    scaled = kwh * 10
    if scaled != int(scaled):
        raise reason("amount_invalid", "The amount must be a multiple of 0.1 kWh.")
    return int(scaled)
