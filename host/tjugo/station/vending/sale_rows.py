"""What a batch writes for its sales: the rows of requests, sales and tokens, and the receipts."""

import json
from collections import Counter
from datetime import date
from typing import Any

from tjugo.key_register import written
from tjugo.station import counters, days
from tjugo.station.receipts import model
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage.integrity import digest
from tjugo.station.tariffs.model import CHANGE, Line, Quote
from tjugo.station.vending import receipt_of
from tjugo.station.vending.issue import ELECTRICITY, ELECTRICITY_MONEY
from tjugo.station.vending.item import Item, NewToken
from tjugo.station.vending.limits import Place
from tjugo.station.vending.purchase import RECEIPTS
from tjugo.station.vending.receipt_of import Builder, Request
from tjugo.station.vending.returned import returned, tenders
from tjugo.station.work import Work


def numbers(sold: list[Item]) -> dict[str, int]:
    """Return how many receipts the sales have by series, in the order of the series."""
    count = Counter(f"{RECEIPTS}{item.purchase.outlet}" for item in sold)
    return {series: count[series] for series in sorted(count)}


def receipts(
    work: Work, sold: list[Item], outlets: dict[str, Place], sellers: dict[str, str]
) -> list[Receipt]:
    """Return the receipts of the sales, numbered per outlet without gaps. sellers: the names of
    operators by actor."""
    if not sold:
        return []
    number = counters.take(work, numbers(sold))
    builder = Builder(work.tenant, work.now(), sellers)
    found = []
    for item in sold:
        outlet = item.purchase.outlet
        series = f"{RECEIPTS}{outlet}"
        found.append(_receipt(builder, item, outlets[outlet], number[series]))
        number[series] += 1
    return found


def _receipt(builder: Builder, item: Item, place: Place, number: int) -> Receipt:
    purchase, meter, quote, tariff = item.purchase, item.meter, item.quote, item.tariff
    assert meter is not None and quote is not None and tariff is not None
    paid, back = tenders(purchase, quote), returned(purchase, quote)
    return builder.receipt(
        purchase.kind,
        number,
        Request(purchase.client, purchase.client_id, purchase, place.name),
        customer=receipt_of.customer(meter.buyer) if meter.buyer else None,
        meter=receipt_of.meter(meter.config, meter.counts, tariff.name),
        lines=_lines(quote, back.credit),
        tokens=_tokens(item),
        tendered=tuple(model.Tender(t.means, t.amount, t.ref or None) for t in paid),
        change=back.cash,
        text=builder.text,
    )


def _tokens(item: Item) -> tuple[model.Token, ...]:
    """Return the tokens in the order of entry."""
    first = () if item.change is None else item.change.tokens
    return (
        *(model.Token(one.kind, one.digits) for one in first),
        *(_token(one) for one in item.tokens),
    )


def _token(one: NewToken) -> model.Token:
    if one.credit is None:
        return model.Token(one.kind, one.digits, one.carried)
    return model.Token(one.kind, one.digits, credit=one.credit)


def _lines(quote: Quote, kept: int) -> tuple[model.Line, ...]:
    """Return the lines of the receipt: of the price, without the change, and what is kept."""
    lines = [_line(line) for line in quote.lines if line.kind != CHANGE]
    if kept:
        lines.append(model.Line("credit", model.TO_CREDIT, "Customer's credit", kept))
    return tuple(lines)


def _line(line: Line) -> model.Line:
    """Return a priced line as the receipt keeps it."""
    return model.Line(
        *(line.kind, line.code, line.name, line.amount, line.taxable, line.tenths, line.rate),
        *(line.tax_code, line.tax_rate, line.balance),
    )


def requests(work: Work, items: list[Item]) -> list[dict[str, Any]]:
    """Return the rows of the requests, sold or refused."""
    return [_request(work, item) for item in items]


def _request(work: Work, item: Item) -> dict[str, Any]:
    purchase, refusal = item.purchase, item.refusal
    return {
        "tenant_id": work.tenant_id,
        "client": purchase.client,
        "client_id": purchase.client_id,
        "drn": item.drn,
        "kwh": None if purchase.kwh is None else str(purchase.kwh),
        "money": purchase.money,
        "asked": purchase.asked(),
        "state": "token_issued" if refusal is None else "failed",
        "reason": None if refusal is None else refusal.message[:400],
        "code": None if refusal is None else refusal.code,
        "created_at": work.now(),
        "finished_at": work.now(),
    }


def sales(work: Work, sold: list[Item], made: list[Receipt]) -> list[dict[str, Any]]:
    """Return the rows of the sales, each with its receipt."""
    day = days.day(work, work.now())
    return [_sale(work, i, r, day) for i, r in zip(sold, made, strict=True)]


def _sale(work: Work, item: Item, receipt: Receipt, day: date) -> dict[str, Any]:
    purchase, quote, tariff = item.purchase, item.quote, item.tariff
    assert quote is not None and tariff is not None and item.meter is not None
    months = {line.code: line.months for line in quote.lines if line.kind == "charge"}
    return {
        "tenant_id": work.tenant_id,
        "client": purchase.client,
        "client_id": purchase.client_id,
        "kind": purchase.kind,
        "outlet": purchase.outlet,
        "receipt_no": receipt.number,
        "terminal": purchase.terminal,
        "operator": purchase.actor,
        "shift_no": purchase.shift_no,
        "drn": item.meter.config.drn,
        "account_no": receipt.customer.account_no if receipt.customer else None,
        "sold_at": work.now(),
        "day": day,
        "currency": receipt.currency,
        "tendered": receipt.paid(),
        "change": receipt.change,
        "tariff": tariff.tariff,
        "tariff_version": tariff.version,
        "paid_tenths": quote.tenths,
        "free_tenths": quote.free_tenths,
        "receipt": receipt.to_json(),
        "charges": json.dumps(months) if months else None,
        "shown_at": work.now() if purchase.disclosed else None,
        "credit": quote.credit or None,
    }


def tokens(work: Work, sold: list[Item]) -> list[dict[str, Any]]:
    """Return the rows of the credit tokens. All have the same columns."""
    return [row for item in sold for row in _tokens_of(work, item)]


def _tokens_of(work: Work, item: Item) -> list[dict[str, Any]]:
    assert item.meter is not None
    config = item.meter.config
    rows = []
    first = 0 if item.change is None else len(item.change.tokens)
    for position, token in enumerate(item.tokens, first):
        row = {
            "tenant_id": work.tenant_id,
            "drn": config.drn,
            "bdt": config.bdt,
            "tid": token.tid,
            "client": item.purchase.client,
            "client_id": item.purchase.client_id,
            "token_class": 0,
            "subclass": ELECTRICITY if token.credit is None else ELECTRICITY_MONEY,
            "asked_tenths": token.asked,
            "units_tenths": token.carried,
            "digits": token.digits,
            "ea": config.ea,
            "sgc": written("sgc", config.sgc),
            "krn": config.krn,
            "kt": config.kt,
            "ti": written("ti", config.ti),
            "issued_at": work.now(),
            "credit": token.credit,
        }
        rows.append({**row, "check_value": digest(row), "position": position})
    return rows
