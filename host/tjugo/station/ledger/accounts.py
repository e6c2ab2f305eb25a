"""The chart of accounts, and the kinds of entries.

An account has subsidiary accounts, its parties: what a party is, is told by `party`. Amounts are
minor units of the utility's currency; debit is positive. An account's own side shows in its type:
assets and expenses have debit balances, the others credit balances.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ASSET, LIABILITY, EQUITY, INCOME, EXPENSE = "asset", "liability", "equity", "income", "expense"


@dataclass(frozen=True)
class Account:
    """type: one of the five above. party: what a party of the account is, "" when the account has
    none. required: a posting has a party other than ""."""

    type: str
    title: str
    party: str = ""
    required: bool = False


_TILL = "shift number, batch/<number> after banking, or none for the office"

ACCOUNTS: Mapping[str, Account] = MappingProxyType(
    {
        "cash": Account(ASSET, "Cash", _TILL),
        "card": Account(ASSET, "Card", _TILL),
        "mobile_money": Account(ASSET, "Mobile money", _TILL),
        "bank": Account(ASSET, "Bank", _TILL),
        "voucher": Account(ASSET, "Vouchers", _TILL),
        "vendor": Account(ASSET, "Owed by vendors", "vendor", required=True),
        "debt": Account(
            ASSET, "Debts of customers", "<account number>/<debt number>", required=True
        ),
        "vat": Account(LIABILITY, "Tax", "tax code"),
        "levy": Account(LIABILITY, "Levies", "levy code"),
        "customer_credit": Account(
            LIABILITY, "Credit of customers", "account number", required=True
        ),
        "opening": Account(EQUITY, "Opening balances"),
        "energy": Account(INCOME, "Energy", "tariff"),
        "fixed_charge": Account(INCOME, "Fixed charges", "charge code"),
        "service_fee": Account(INCOME, "Service fees", "charge code"),
        "rounding": Account(INCOME, "Rounding"),
        "commission": Account(EXPENSE, "Commission", "vendor"),
        "cash_difference": Account(EXPENSE, "Cash differences", "shift number"),
        "written_off": Account(EXPENSE, "Written off", "<account number>/<debt number>"),
    }
)

MEANS = ("cash", "card", "mobile_money", "bank", "voucher")
"""Means of payment that a till receives; each is an account whose party is the shift number."""

SALE, PAYMENT, VOID, CREDIT_NOTE = "sale", "payment", "void", "credit_note"
PAYMENT_NOTE = "payment_credit_note"
"""Of a credit note of a payment: commission and the recovery of debts count sales alone."""
SOLD = (SALE, PAYMENT, VOID, CREDIT_NOTE, PAYMENT_NOTE)
"""Kinds of entries by which money is received from customers, or returned to them."""

SHIFT_OPEN, CASH_UP, BANKING, DEPOSIT = "shift_open", "cash_up", "banking", "deposit"
COMMISSION, CORRECTION = "commission", "correction"
