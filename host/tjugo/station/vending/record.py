"""Writing what a batch sold and refused: numbered and posted last, all rows at once."""

import json
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from decimal import Decimal
from typing import Any

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.key_register import written
from tjugo.station import counters, days, names
from tjugo.station.audit import chain
from tjugo.station.ledger import post
from tjugo.station.receipts import model
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage import bulk, driver
from tjugo.station.storage.integrity import digest
from tjugo.station.storage.statement import forget_ahead
from tjugo.station.storage.tables import Sale, Token, VendRequest
from tjugo.station.tariffs import situations
from tjugo.station.tariffs.model import Line
from tjugo.station.vending import keychange, limits, receipt_of, token_deliveries
from tjugo.station.vending.expiry import warning
from tjugo.station.vending.item import Item
from tjugo.station.vending.limits import Place
from tjugo.station.vending.postings import postings, tenders
from tjugo.station.vending.purchase import RECEIPTS
from tjugo.station.vending.receipt_of import Builder, Request
from tjugo.station.vending.views import Delivery, Refusal
from tjugo.station.vending.views import Sale as SaleDone
from tjugo.station.webhooks import outbox
from tjugo.station.work import Work

SELL = "sales.sell"


def write(work: Work, items: list[Item]) -> None:
    """Record the items without an outcome, and give each its outcome."""
    undecided = [item for item in items if item.outcome is None]
    outlets = limits.check(work, [item for item in undecided if item.refusal is None])
    sold = [item for item in undecided if item.refusal is None]
    refused = [item for item in undecided if item.refusal is not None]
    refs = token_deliveries.free(work, sold)
    sellers = names.of_operators(work, {item.purchase.actor for item in sold})
    forget_ahead(work.session)
    with _waiting(work, sold):
        bulk.insert(work.session, VendRequest, [_request(work, item) for item in undecided])
        for item in sold:
            if item.change is not None:
                keychange.write(work, item.change, *item.key)
        bulk.insert(work.session, Token, [row for item in sold for row in _token_rows(work, item)])
        token_deliveries.add(work, sold, refs)
        # Numbers of receipts are taken late: from here to the commit other batches wait for them.
        receipts = _receipts(work, sold, outlets, sellers)
        bulk.insert(work.session, Sale, _sales(work, sold, receipts))
        for item, receipt in zip(sold, receipts, strict=True):  # while the server inserts
            _post(work, item, receipt, outlets[item.purchase.outlet])
            item.outcome = _outcome(work, item, receipt, refs.get(item.key, [None])[-1])
    for item in refused:
        assert item.refusal is not None
        item.outcome = _refused(item, item.refusal)
        chain.record(
            work,
            SELL,
            f"meter {item.drn}",
            f"{item.refusal.code}: {item.purchase.client}/{item.purchase.client_id}",
            chain.REFUSED,
            item.purchase.actor,
        )


def _waiting(work: Work, sold: list[Item]) -> AbstractContextManager[None]:
    """Return the block for the insertions: a key change needs the answers to what it writes."""
    if any(item.change is not None for item in sold):
        return nullcontext()
    return driver.pipelined(work.session.connection())


def _receipts(
    work: Work, sold: list[Item], outlets: dict[str, Place], sellers: dict[str, str]
) -> list[Receipt]:
    """Return the receipts of the sales, numbered per outlet without gaps. sellers: the names of
    operators by actor."""
    if not sold:
        return []
    number = counters.take(work, Counter(f"{RECEIPTS}{item.purchase.outlet}" for item in sold))
    builder = Builder(work.tenant, work.now(), sellers)
    receipts = []
    for item in sold:
        outlet = item.purchase.outlet
        series = f"{RECEIPTS}{outlet}"
        receipts.append(_receipt(builder, item, outlets[outlet], number[series]))
        number[series] += 1
    return receipts


def _receipt(builder: Builder, item: Item, place: Place, number: int) -> Receipt:
    purchase, meter, quote, tariff = item.purchase, item.meter, item.quote, item.tariff
    assert meter is not None and quote is not None and tariff is not None
    paid = tenders(purchase, quote)
    return builder.receipt(
        purchase.kind,
        number,
        Request(purchase.client, purchase.client_id, purchase, place.name),
        customer=receipt_of.customer(meter.buyer) if meter.buyer else None,
        meter=receipt_of.meter(meter.config, tariff.name),
        lines=tuple(map(_line, quote.lines)),
        tokens=_tokens(item),
        tendered=tuple(model.Tender(t.means, t.amount, t.ref or None) for t in paid),
        change=sum(t.amount for t in paid) - quote.tendered,
        text=builder.text,
    )


def _tokens(item: Item) -> tuple[model.Token, ...]:
    """Return the tokens in the order of entry."""
    first = () if item.change is None else item.change.tokens
    return (
        *(model.Token(one.kind, one.digits) for one in first),
        *(model.Token(one.kind, one.digits, one.carried) for one in item.tokens),
    )


def _line(line: Line) -> model.Line:
    """Return a priced line as the receipt keeps it."""
    return model.Line(
        *(line.kind, line.code, line.name, line.amount, line.taxable, line.tenths, line.rate),
        *(line.tax_code, line.tax_rate, line.balance),
    )


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


def _sales(work: Work, sold: list[Item], receipts: list[Receipt]) -> list[dict[str, Any]]:
    day = days.day(work, work.now())
    return [_sale(work, i, r, day) for i, r in zip(sold, receipts, strict=True)]


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
    }


def _token_rows(work: Work, item: Item) -> list[dict[str, Any]]:
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
            "subclass": 0,
            "asked_tenths": token.asked,
            "units_tenths": token.carried,
            "digits": token.digits,
            "ea": config.ea,
            "sgc": written("sgc", config.sgc),
            "krn": config.krn,
            "kt": config.kt,
            "ti": written("ti", config.ti),
            "issued_at": work.now(),
        }
        rows.append({**row, "check_value": digest(row), "position": position})
    return rows


def _post(work: Work, item: Item, receipt: Receipt, place: Place) -> None:
    """Post the sale, and note what it changes for the next one and in the audit chain."""
    purchase, quote, meter = item.purchase, item.quote, item.meter
    assert quote is not None and meter is not None and item.tariff is not None
    rows = postings(purchase, quote, receipt, item.tariff.tariff, place.vendor)
    if rows:
        post.post(
            work,
            post.Entry(
                kind="sale",
                ref=f"{purchase.client}/{purchase.client_id}",
                postings=rows,
                outlet=purchase.outlet,
                shift_no=purchase.shift_no,
                actor=purchase.actor,
                new=True,
            ),
        )
    situations.settle(work, meter.config.drn, quote)
    chain.record(
        work,
        SELL,
        f"meter {meter.config.drn}",
        f"{receipt.outlet} {receipt.number}: {money.plain(quote.tendered, receipt.currency)}",
        actor=purchase.actor,
    )
    outbox.emit(work, outbox.SALE_MADE, lambda: outbox.receipt_facts(receipt))


def _outcome(work: Work, item: Item, receipt: Receipt, ref: int | None) -> SaleDone:
    """Return the sale as `views.sale_of` returns it of what is recorded."""
    assert item.meter is not None
    config, token = item.meter.config, item.tokens[-1]
    return SaleDone(
        client=item.purchase.client,
        client_id=item.purchase.client_id,
        drn=config.drn,
        kwh=Decimal(token.asked) / 10,
        units_kwh=Decimal(token.carried) / 10,
        digits=token.digits,
        tid=token.tid,
        bdt=config.bdt,
        ea=config.ea,
        sgc=written("sgc", config.sgc),
        krn=config.krn,
        kt=config.kt,
        ti=written("ti", config.ti),
        issued_at=work.now(),
        delivery=Delivery("issued", ref=ref),
        receipt=receipt,
        warning=warning(work.backend, config, token.tid),
    )


def _refused(item: Item, error: TjugoError) -> Refusal:
    purchase = item.purchase
    return Refusal(
        client=purchase.client,
        client_id=purchase.client_id,
        drn=item.drn,
        kwh="" if purchase.kwh is None else str(purchase.kwh),
        code=error.code,
        message=error.message[:400],
    )
