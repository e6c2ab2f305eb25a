"""Writing what a batch sold and refused: numbered and posted last, all rows at once."""

from contextlib import AbstractContextManager, nullcontext

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.key_register import written
from tjugo.station import counters, names
from tjugo.station.audit import chain
from tjugo.station.ledger import post
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage import bulk, driver
from tjugo.station.storage.statement import forget_ahead
from tjugo.station.storage.tables import Sale, Token, VendRequest
from tjugo.station.tariffs import situations
from tjugo.station.vending import keychange, limits, sale_rows, token_deliveries
from tjugo.station.vending.expiry import warning
from tjugo.station.vending.item import Item
from tjugo.station.vending.limits import Place
from tjugo.station.vending.postings import postings
from tjugo.station.vending.views import Delivery, Refusal, credit_of, kwh_of
from tjugo.station.vending.views import Sale as SaleDone
from tjugo.station.webhooks import outbox
from tjugo.station.work import Work

SELL = "sales.sell"


def write(work: Work, items: list[Item], end: bool = False) -> None:
    """Record the items without an outcome, and give each its outcome. end: nothing follows in this
    unit of work, which is finished while the server still writes."""
    undecided = [item for item in items if item.outcome is None]
    outlets = limits.check(work, [item for item in undecided if item.refusal is None])
    sold = [item for item in undecided if item.refusal is None]
    refused = [item for item in undecided if item.refusal is not None]
    refs = token_deliveries.free(work, sold)
    sellers = names.of_operators(work, {item.purchase.actor for item in sold})
    forget_ahead(work.session)
    work.session.flush()  # not in a pipeline, where SQLAlchemy cannot count what it changed
    with _waiting(work, sold):
        bulk.insert(work.session, VendRequest, sale_rows.requests(work, undecided))
        for item in sold:
            if item.change is not None:
                keychange.write(work, item.change, *item.key)
        bulk.insert(work.session, Token, sale_rows.tokens(work, sold))
        token_deliveries.add(work, sold, refs)
        _reserve(work, sold, refused)
        receipts = sale_rows.receipts(work, sold, outlets, sellers)
        bulk.insert(work.session, Sale, sale_rows.sales(work, sold, receipts))
        for item, receipt in zip(sold, receipts, strict=True):
            _post(work, item, receipt, outlets[item.purchase.outlet])
        for item in refused:
            _refuse(work, item)
        if end:
            work.finish()
        for item, receipt in zip(sold, receipts, strict=True):  # while the server inserts
            item.outcome = _outcome(work, item, receipt, refs.get(item.key, [None])[-1])


def _refuse(work: Work, item: Item) -> None:
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


def _reserve(work: Work, sold: list[Item], refused: list[Item]) -> None:
    """Reserve the numbers of receipts, ledger entries and audit events: late, because from here to
    the commit other batches wait for them."""
    paid = sum(item.quote is not None and item.quote.tendered > 0 for item in sold)
    events = chain.waiting(work) + len(sold) + len(refused)
    wanted = {
        **sale_rows.numbers(sold),
        chain.SERIES: events,
        post.SERIES: post.waiting(work) + paid,
    }
    given = {name: count for name, count in wanted.items() if count}
    counters.reserve(work, given, chain.digest_before(work, events))


def _waiting(work: Work, sold: list[Item]) -> AbstractContextManager[None]:
    """Return the block for the insertions: a key change needs the answers to what it writes."""
    if any(item.change is not None for item in sold):
        return nullcontext()
    return driver.pipelined(work.session.connection())


def _post(work: Work, item: Item, receipt: Receipt, place: Place) -> None:
    """Post the sale, and note what it changes for the next one and in the audit chain."""
    purchase, quote, meter = item.purchase, item.quote, item.meter
    assert quote is not None and meter is not None and item.tariff is not None
    rows = postings(purchase, receipt, item.tariff.tariff, place.vendor)
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
    paid = receipt.paid() - receipt.change
    chain.record(
        work,
        SELL,
        f"meter {meter.config.drn}",
        f"{receipt.outlet} {receipt.number}: {money.plain(paid, receipt.currency)}",
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
        kwh=kwh_of(token.asked, token.credit),
        units_kwh=kwh_of(token.carried, token.credit),
        credit=credit_of(token.credit, receipt.currency),
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
