"""What is left of the credit of a sale: a credit note takes some of it back, and a replacement
issues some of it again. The same credit is never both credited and replaced.

Credit is energy in tenths of a kWh; of a sale to a meter that counts money it is money, in minor
units, and of its token in 1e-5 of the currency.
"""

from collections.abc import Iterable

from sqlalchemy import select

from tjugo import counted
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage.tables import Sale, Token
from tjugo.station.work import View

REPLACEMENT = "replacement"
"""The client of the requests for replacements."""
_CREDIT = 0  # the token class


def replacement_id(token: Token) -> str:
    """Return the id of the request for the replacement of a token; it can have one."""
    return f"{token.drn}-{token.bdt}-{token.tid}"


def replaced_drn(client_id: str) -> str:
    """Return the meter of the token that a request replaces, of the request's id."""
    return client_id.partition("-")[0]


def sale_of(view: View, token: Token) -> Sale | None:
    """Return the sale of a token, or None."""
    return view.session.get(Sale, (view.tenant_id, token.client, token.client_id))


def notes_of(view: View, sale: Sale) -> list[Sale]:
    """Return the credit notes of a sale, in their order."""
    query = select(Sale).where(
        Sale.tenant_id == view.tenant_id,
        Sale.credits_client == sale.client,
        Sale.credits_client_id == sale.client_id,
    )
    return list(view.session.scalars(query.order_by(Sale.sold_at, Sale.receipt_no)))


def notes_on(view: View, token: Token) -> list[Sale]:
    """Return the credit notes that took back credit of a token: none of free units."""
    sale = sale_of(view, token)
    return [] if sale is None or _is_free(sale, token) else notes_of(view, sale)


def named(notes: list[Sale]) -> str:
    """Return the credit notes for a sentence: `credit note main 2` or `credit notes main 2, 3`."""
    numbers = ", ".join(f"{note.outlet} {note.receipt_no}" for note in notes)
    return f"credit note{'s' if len(notes) > 1 else ''} {numbers}"


def carried(token: Token) -> int:
    """Return what a credit token carries, in tenths of a kWh or 1e-5 of the currency."""
    return token.units_tenths if token.credit is None else token.credit


def text(view: View, token: Token, credit: int) -> str:
    """Return an amount of a token's credit for a sentence: 19.5 kWh, 19.99624 EUR."""
    return credit_text(view, token.credit is not None, credit)


def credit_text(view: View, is_money: bool, credit: int) -> str:
    """Return credit, in tenths of a kWh or 1e-5 of the currency, for a sentence."""
    if is_money:
        return counted.plain(credit, view.tenant.currency)
    return f"{credit // 10}.{credit % 10} kWh"


def left(view: View, token: Token) -> int:
    """Return how much of a credit token is still owed to the customer if the meter cannot accept
    it, as `carried`: what it carries less what was credited; 0 when its sale is void."""
    sale = sale_of(view, token)
    if sale is None:
        return carried(token)
    if sale.voided_at is not None:
        return 0
    notes = notes_on(view, token)
    if not notes:
        return carried(token)
    rest = left_of_sale(sale, notes)
    if token.credit is not None:
        rest = counted.of_minor(rest, sale.currency)
    return max(0, min(carried(token), rest))


def left_of_sale(sale: Sale, notes: Iterable[Sale]) -> int:
    """Return what its credit notes leave of the paid credit of a sale, in tenths of a kWh or minor
    units."""
    return _sold(sale) + sum(_sold(note) for note in notes)


def _sold(sale: Sale) -> int:
    return sale.paid_tenths if sale.credit is None else sale.credit


def replaced(view: View, sale: Sale, free: bool = False) -> int:
    """Return how much of the paid credit of a sale was issued again by replacements, as
    `left_of_sale`; free: with that of free units."""
    of = {"tenant_id": view.tenant_id, "client": sale.client, "client_id": sale.client_id}
    tokens = view.session.scalars(select(Token).filter_by(**of, token_class=_CREDIT))
    ids = [replacement_id(token) for token in tokens if free or not _is_free(sale, token)]
    query = select(Token.asked_tenths, Token.credit).where(
        Token.tenant_id == view.tenant_id,
        Token.client == REPLACEMENT,
        Token.client_id.in_(ids),
        Token.token_class == _CREDIT,
    )
    return sum(
        tenths if credit is None else counted.to_minor(credit, sale.currency)
        for tenths, credit in view.session.execute(query)
    )


def _is_free(sale: Sale, token: Token) -> bool:
    printed = Receipt.from_json(sale.receipt).tokens
    return any(one.digits == token.digits and one.kind == "free" for one in printed)
