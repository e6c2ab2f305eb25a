"""What may be sold at an outlet, in a shift and by a person, checked last: the rows that say so
are locked until the commit."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, func, select

from tjugo import money
from tjugo.errors import TjugoError, reason
from tjugo.station import days
from tjugo.station.keys import use
from tjugo.station.ledger import balances, credit
from tjugo.station.storage.statement import Query, Statement, any_of
from tjugo.station.storage.tables import Outlet, Sale, Vendor
from tjugo.station.tills import shifts
from tjugo.station.vending import vouchers
from tjugo.station.vending.item import Item
from tjugo.station.vending.purchase import bare_ref
from tjugo.station.work import Work

_PLACES = Statement(
    select(
        *(Outlet.outlet, Outlet.vendor, Outlet.name, Outlet.active),
        *(Vendor.active.label("too"), Vendor.credit_limit),
    )
    .join(Vendor, (Vendor.tenant_id == Outlet.tenant_id) & (Vendor.vendor == Outlet.vendor))
    .where(Outlet.tenant_id == bindparam("tenant"), any_of(Outlet.outlet, "outlets"))
)


@dataclass(frozen=True)
class Place:
    """An outlet: whose it is, its name on receipts, whether it sells, and the credit limit of its
    vendor in minor units, None where there is none."""

    vendor: str
    name: str
    active: bool
    credit_limit: int | None


def check(work: Work, items: list[Item]) -> dict[str, Place]:
    """Note the refusal of each item that may not be sold. Return the outlets by code."""
    found = places(work, {item.purchase.outlet for item in items})
    for item in items:
        outlet = item.purchase.outlet
        if outlet not in found:
            item.refusal = reason("outlet_unknown", f"Outlet {outlet!r} is not registered here.")
        elif not found[outlet].active:
            item.refusal = reason("outlet_closed", f"Outlet {outlet} is not active.")
    _check_shifts(work, _left(items))
    _check_persons(work, _left(items))
    _check_accounts(work, _left(items))
    paid = _check_vouchers(work, _left(items))
    _check_vendors(work, _left(items), found)
    _check_keys(work, _left(items))
    for item in paid:
        if item.refusal is not None:
            vouchers.release(work, *item.key)
    return found


def _left(items: list[Item]) -> list[Item]:
    return [item for item in items if item.refusal is None]


def places(work: Work, outlets: set[str]) -> dict[str, Place]:
    """Return the outlets that are registered, by code."""
    found = query(work, outlets).all(work.session)
    return {
        row.outlet: Place(row.vendor, row.name, row.active and row.too, row.credit_limit)
        for row in found
    }


def query(work: Work, outlets: set[str]) -> Query:
    """Return what `places` reads."""
    return _PLACES.of(tenant=work.tenant_id, outlets=sorted(outlets))


def _check_shifts(work: Work, items: list[Item]) -> None:
    numbers = {i.purchase.shift_no for i in items if i.purchase.shift_no is not None}
    if not numbers:
        return
    opened = shifts.require_open(work, numbers)
    for item in items:
        number = item.purchase.shift_no
        if number is None:
            continue
        if number not in opened:
            item.refusal = reason("shift_closed", shifts.closed_sentence(number))
        elif opened[number].outlet != item.purchase.outlet:
            item.refusal = reason("shift_closed", f"Shift {number} is at another outlet.")


def _check_persons(work: Work, items: list[Item]) -> None:
    """Refuse what is beyond a person's limit of a sale or of a day."""
    today = days.day(work, work.now())
    sold: dict[str, int] = {}
    for item in items:
        purchase, amount = item.purchase, _amount(item)
        if purchase.sale_limit is not None and amount > purchase.sale_limit:
            item.refusal = over_sale(work, purchase.sale_limit, "sell")
        elif purchase.day_limit is not None:
            before = sold.get(purchase.actor)
            if before is None:
                before = sold_today(work, purchase.actor, today)
            if before + amount > purchase.day_limit:
                item.refusal = over_day(work, purchase.day_limit)
            else:
                before += amount
            sold[purchase.actor] = before


def over_sale(work: Work, limit: int, verb: str) -> TjugoError:
    """Return the error of an amount beyond a person's limit of one sale, minor units. verb: what
    the person may do up to it."""
    most = money.plain(limit, work.tenant.currency)
    return reason("seller_limit", f"This is more than you may {verb} at once: {most}.")


def over_day(work: Work, limit: int) -> TjugoError:
    """Return the error of an amount beyond a person's limit of a day, minor units."""
    most = money.plain(limit, work.tenant.currency)
    return reason("seller_limit", f"With this your limit for today, {most}, is exceeded.")


def sold_today(work: Work, actor: str, today: date) -> int:
    """Return what a person has sold on a day, minor units, less what was credited."""
    row = Sale
    query = select(func.coalesce(func.sum(row.tendered - row.change), 0)).where(
        row.tenant_id == work.tenant_id, row.day == today, row.operator == actor
    )
    return int(work.session.scalar(query.where(row.voided_at.is_(None))) or 0)


def _check_accounts(work: Work, items: list[Item]) -> None:
    """Refuse payments from a customer's credit that is not there. The customers are locked."""
    paid = {}
    for item in items:
        amount = _credited(item)
        buyer = item.meter.buyer if item.meter else None
        if amount and buyer is None:
            item.refusal = reason("tender_invalid", "The meter has no customer with a credit.")
        elif amount and buyer is not None:
            paid[buyer.account_no] = (item, amount)
    if not paid:
        return
    held = balances.balances(work, ["customer_credit"], paid)
    for account_no, (item, amount) in paid.items():
        if amount > -held[account_no]:
            item.refusal = reason("tender_invalid", "The customer's credit is less than that.")


def _check_vouchers(work: Work, items: list[Item]) -> list[Item]:
    """Refuse vouchers that were used already. Return the items whose vouchers are taken."""
    paid = [item for item in items if any(map(bare_ref, item.purchase.tenders))]
    wanted = [(*item.key, item.purchase.tenders) for item in paid]
    for item, used in zip(paid, vouchers.take(work, wanted), strict=True):
        item.refusal = used
    return _left(paid)


def _check_vendors(work: Work, items: list[Item], places: dict[str, Place]) -> None:
    if not items:
        return
    wanted = [(places[item.purchase.outlet].vendor, _received(item)) for item in items]
    limits = {place.vendor: place.credit_limit for place in places.values()}
    for item, allowed in zip(items, credit.check_limits(work, wanted, limits), strict=True):
        if not allowed:
            item.refusal = reason(
                "vendor_credit", "The vendor's credit limit is reached: pay a deposit first."
            )


def _amount(item: Item) -> int:
    assert item.quote is not None
    return item.quote.tendered


def _check_keys(work: Work, items: list[Item]) -> None:
    """Count what is sold with each vending key; refuse what is beyond its credit limit."""
    wanted = []
    _check_money(work, items)
    items = _left(items)
    for item in items:
        assert item.meter is not None
        config = item.meter.config
        place = (config.sgc, config.krn, config.kt)
        wanted.append((place, sum(token.carried for token in item.tokens)))
    for item, counted in zip(items, use.check_and_count(work, wanted), strict=True):
        if not counted and item.meter is not None:
            config = item.meter.config
            key = work.backend.vending_register(config.sgc, config.kt, config.krn)
            assert key is not None  # a token was made with it
            item.refusal = use.limit_reached(key)


def _check_money(work: Work, items: list[Item]) -> None:
    """Refuse tokens of money that are made with a key whose limit counts kWh."""
    for item in items:
        if item.quote is not None and item.quote.credit and item.meter is not None:
            config = item.meter.config
            try:
                use.check_money(work.backend.vending_register(config.sgc, config.kt, config.krn))
            except TjugoError as error:
                item.refusal = error


def _received(item: Item) -> int:
    """Return the money that the vendor receives for a sale: not a customer's credit."""
    return _amount(item) - _credited(item)


def _credited(item: Item) -> int:
    return sum(t.amount for t in item.purchase.tenders if t.means == "account")
