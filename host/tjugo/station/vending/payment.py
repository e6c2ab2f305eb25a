"""Payments without energy: to a debt, or to the customer's own credit."""

from dataclasses import asdict, dataclass

from tjugo import money
from tjugo.errors import reason
from tjugo.station import days, settings
from tjugo.station.audit import chain
from tjugo.station.ledger import accounts, balances, credit, post
from tjugo.station.receipts import model
from tjugo.station.receipts.model import TO_CREDIT, Line
from tjugo.station.storage.tables import Customer
from tjugo.station.tariffs import debts
from tjugo.station.tariffs.situations import DEBT_ACCOUNT, party
from tjugo.station.tills import shifts
from tjugo.station.vending import limits, money_only, receipt_of, vouchers
from tjugo.station.vending.cash import check as check_cash
from tjugo.station.vending.money_only import MoneyDone
from tjugo.station.vending.purchase import MOST_MONEY, Tender, check_tenders
from tjugo.station.vending.seller import Seller
from tjugo.station.work import Work

ACTION = "sales.sell"


@dataclass(frozen=True)
class Payment:
    """A request, once for each client and client_id. amount: minor units; debt_no None: to the
    customer's credit. tenders: as of a Purchase; none: the exact amount in cash."""

    client: str
    client_id: str
    account_no: str
    amount: int
    seller: Seller
    debt_no: int | None = None
    tenders: tuple[Tender, ...] = ()

    @property
    def paid(self) -> tuple[Tender, ...]:
        """How it is paid."""
        return self.tenders or (Tender("cash", self.amount),)

    @property
    def change(self) -> int:
        """What is given back in cash."""
        return sum(tender.amount for tender in self.paid) - self.amount


def pay(work: Work, asked: Payment) -> MoneyDone:
    """Record a payment, or return the one that was recorded under this id. Raise TjugoError with
    nothing recorded."""
    _check(asked, work.tenant.currency)
    wanted = {
        "kind": "payment",
        "account_no": asked.account_no,
        "debt_no": asked.debt_no,
        "amount": asked.amount,
        "tenders": [asdict(tender) for tender in asked.tenders],
    }
    row, before = money_only.begin(work, asked.client, asked.client_id, "", wanted, asked.amount)
    if before is not None:
        return before
    key = (work.tenant_id, asked.account_no)
    customer = work.session.get(Customer, key, with_for_update={"key_share": True})
    if customer is None:
        raise reason("account_unknown", f"There is no account {asked.account_no[:20]}.")
    line = _line(work, asked)
    _check_account(work, asked)
    place = money_only.place(work, asked.seller)
    _check_limits(work, asked, place.vendor)
    made = money_only.receipt(
        work,
        row,
        "payment",
        asked.seller,
        place,
        customer=receipt_of.customer(customer),
        lines=(line,),
        tendered=tuple(model.Tender(one.means, one.amount, one.ref or None) for one in asked.paid),
        change=asked.change,
        text=work.tenant.receipt_text,
    )
    done = money_only.write(work, row, asked.seller, made, made.paid())
    _post(work, asked, place.vendor)
    chain.record(
        work,
        ACTION,
        f"account {asked.account_no}",
        f"payment {made.outlet} {made.number}: {money.plain(asked.amount, made.currency)}",
        actor=asked.seller.actor,
    )
    return done


def _check(asked: Payment, currency: str) -> None:
    if not 0 < asked.amount < MOST_MONEY:
        raise reason("amount_invalid", "The amount must be more than 0.")
    check_tenders(asked.tenders)
    cash = sum(tender.amount for tender in asked.paid if tender.means == "cash")
    if asked.change < 0:
        raise reason("tender_too_low", "The payments do not cover the amount.")
    check_cash(asked.paid, asked.amount, currency)
    if asked.change > cash:
        raise reason("tender_invalid", "Only cash is given back: the other payments are too high.")
    if asked.debt_no is None and _from_credit(asked):
        raise reason("tender_invalid", "The customer's credit cannot be paid from itself.")


def _from_credit(asked: Payment) -> int:
    return sum(tender.amount for tender in asked.paid if tender.means == "account")


def _line(work: Work, asked: Payment) -> Line:
    """Return the line of the receipt. Raise TjugoError unless so much is owed."""
    if asked.debt_no is None:
        held = -balances.balance(work, "customer_credit", asked.account_no)
        return Line(
            "debt", TO_CREDIT, "Customer's credit", asked.amount, balance=held + asked.amount
        )
    debt = debts.locked(work, asked.account_no, asked.debt_no)
    owed = balances.balance(work, DEBT_ACCOUNT, party(asked.account_no, asked.debt_no))
    if asked.amount > owed:
        currency = work.tenant.currency
        raise reason(
            "amount_too_high", f"Of this debt only {money.plain(max(owed, 0), currency)} are owed."
        )
    code = str(asked.debt_no)
    return Line("debt", code, debt.name, asked.amount, balance=owed - asked.amount)


def _check_account(work: Work, asked: Payment) -> None:
    used = _from_credit(asked)
    if used and used > -balances.balance(work, "customer_credit", asked.account_no):
        raise reason("tender_invalid", "The customer's credit is less than that.")


def _check_limits(work: Work, asked: Payment, vendor: str) -> None:
    """Raise TjugoError when it is beyond the station's limit, the person's or the vendor's, or
    paid by a voucher that was used already."""
    seller = asked.seller
    currency, most = work.tenant.currency, settings.get(work, "payment_limit")
    if money.major(asked.amount, currency) > most:
        raise reason(
            "amount_over_limit",
            f"{money.plain(asked.amount, currency)} is more than this station takes at once "
            f"({most:f} {currency}). The setting is payment_limit.",
        )
    if seller.sale_limit is not None and asked.amount > seller.sale_limit:
        raise limits.over_sale(work, seller.sale_limit, "take")
    if seller.day_limit is not None:
        today = days.day(work, work.now())
        if limits.sold_today(work, seller.actor, today) + asked.amount > seller.day_limit:
            raise limits.over_day(work, seller.day_limit)
    (used,) = vouchers.take(work, [(asked.client, asked.client_id, asked.paid)])
    if used is not None:
        raise used
    (allowed,) = credit.check_limits(work, [(vendor, asked.amount - _from_credit(asked))])
    if not allowed:
        raise reason("vendor_credit", "The vendor's credit limit is reached: pay a deposit first.")


def _post(work: Work, asked: Payment, vendor: str) -> None:
    seller = asked.seller
    rows: dict[tuple[str, str], int] = {}

    def add(account: str, party_: str, amount: int) -> None:
        rows[account, party_] = rows.get((account, party_), 0) + amount

    taken = [(one.means, one.amount) for one in asked.paid if one.means != "account"]
    for row in shifts.received(vendor, seller.shift_no, [*taken, ("cash", -asked.change)]):
        add(*row)
    add("customer_credit", asked.account_no, _from_credit(asked))
    if asked.debt_no is None:
        add("customer_credit", asked.account_no, -asked.amount)
    else:
        add(DEBT_ACCOUNT, party(asked.account_no, asked.debt_no), -asked.amount)
    post.post(
        work,
        post.Entry(
            accounts.PAYMENT,
            f"{asked.client}/{asked.client_id}",
            tuple((*key, amount) for key, amount in rows.items() if amount),
            seller.outlet,
            seller.shift_no,
            None,
            seller.actor,
        ),
    )
