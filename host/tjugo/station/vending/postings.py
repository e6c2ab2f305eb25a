"""What a sale posts to the ledger: the payments against what they pay for."""

from tjugo.station.ledger.post import PostingRow
from tjugo.station.receipts.model import Line, Receipt
from tjugo.station.tills import shifts
from tjugo.station.vending.purchase import Purchase

_CREDITED = {
    "energy": "energy",
    "charge": "fixed_charge",
    "levy": "levy",
    "tax": "vat",
    "fee": "service_fee",
    "rounding": "rounding",
}
"""Account of each kind of line but of those whose party is the customer."""


def postings(
    purchase: Purchase, receipt: Receipt, tariff: str, vendor: str
) -> tuple[PostingRow, ...]:
    """Return the postings, whose sum is 0: payments debited, what they pay for credited."""
    account_no = receipt.customer.account_no if receipt.customer else ""
    rows: dict[tuple[str, str], int] = {}

    def add(account: str, party: str, amount: int) -> None:
        rows[account, party] = rows.get((account, party), 0) + amount

    paid = [(tender.means, tender.amount) for tender in receipt.tendered]
    taken = [(means, amount) for means, amount in paid if means != "account"]
    for row in shifts.received(vendor, purchase.shift_no, [*taken, ("cash", -receipt.change)]):
        add(*row)
    for means, amount in paid:
        if means == "account":
            add("customer_credit", account_no, amount)
    for line in receipt.lines:
        if line.kind != "free":  # free units have no price
            add(*credited(line, tariff, account_no), -line.amount)
    return tuple((account, party, amount) for (account, party), amount in rows.items() if amount)


def credited(line: Line, tariff: str, account_no: str) -> tuple[str, str]:
    """Return account and party that a line is credited to."""
    if line.kind == "debt":
        return "debt", f"{account_no}/{line.code}"
    if line.kind == "credit":
        return "customer_credit", account_no
    party = {"energy": tariff, "tax": line.tax_code or line.code, "rounding": ""}
    return _CREDITED[line.kind], party.get(line.kind, line.code)
