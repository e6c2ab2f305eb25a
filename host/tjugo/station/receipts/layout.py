"""What is on a receipt and in which order, for every medium: text, printer, PDF and page.

A receipt becomes a list of elements; a medium only decides how an element looks. Text in elements
has no control characters: a name cannot carry commands to a printer.
"""

import unicodedata
from collections.abc import Iterator

from tjugo.station.receipts.amounts import Amounts
from tjugo.station.receipts.elements import (
    BOLD,
    MARK,
    NAME,
    STRONG,
    SUB,
    TITLE,
    Code,
    Digits,
    Element,
    Facts,
    Pair,
    Rule,
    Sections,
    Text,
)
from tjugo.station.receipts.model import TO_CREDIT, Line, Receipt, Token
from tjugo.station.receipts.texts import labels


def sections(
    receipt: Receipt,
    language: str | None = None,
    reprint: int | None = 0,
    voided: bool = False,
) -> Sections:
    """Return the sections of a receipt.

    language: the customer's if None. reprint: 0 the original, n the n-th reprint, None a copy that
    is not counted. voided: no token is shown.
    """
    words = labels(language or receipt.language)
    amounts = Amounts(language or receipt.language, receipt.currency, receipt.time_zone)
    return Sections(
        utility=[*_utility(receipt, words)],
        title=[*_title(receipt, words, reprint, voided)],
        sale=[*_sale(receipt, words, amounts)],
        customer=[*_customer(receipt, words)],
        tokens=[] if voided else [*_tokens(receipt, words, amounts)],
        money=[*_money(receipt, words, amounts)],
        code=[] if voided else [*_code(receipt, words)],
        foot=[*_foot(receipt, words)],
    )


def build(
    receipt: Receipt,
    language: str | None = None,
    reprint: int | None = 0,
    voided: bool = False,
) -> list[Element]:
    """Return the elements of a receipt one below the other, with rules between the sections; as
    for `sections`."""
    parts = sections(receipt, language, reprint, voided)
    columns = (parts.utility, [*parts.title, *parts.sale], parts.customer, parts.tokens)
    found: list[Element] = []
    for part in (*columns, parts.money, parts.code, parts.foot):
        if part:
            found += [Rule(), *part] if found else part
    return found


def clean(text: str) -> str:
    """Return a text on one line: other white space and control characters become spaces, invisible
    characters are left out."""
    chars = (
        char
        if char.isprintable()
        else " " * (char.isspace() or unicodedata.category(char) == "Cc")
        for char in unicodedata.normalize("NFC", text)
    )
    return " ".join("".join(chars).split())


def _utility(receipt: Receipt, words: dict[str, str]) -> Iterator[Element]:
    utility = receipt.utility
    yield Text(clean(utility.name), NAME)
    for line in (utility.address or "").splitlines():
        if clean(line):
            yield Text(clean(line))
    if utility.tax_no:
        yield Text(f"{words['tax_no']} {clean(utility.tax_no)}")


def _title(
    receipt: Receipt, words: dict[str, str], reprint: int | None, voided: bool
) -> Iterator[Element]:
    yield Text(words[f"title.{receipt.kind}"], TITLE)
    if receipt.number is None:
        yield Text(words["trial"], MARK)
    elif voided:
        yield Text(words["void"], MARK)
    elif reprint is None:
        yield Text(words["copy"], MARK)
    elif reprint:
        yield Text(words["reprint"].format(number=reprint), MARK)


def _sale(receipt: Receipt, words: dict[str, str], amounts: Amounts) -> Iterator[Element]:
    outlet = receipt.outlet
    if receipt.outlet_name and receipt.outlet_name != outlet:
        outlet = f"{outlet} {receipt.outlet_name}"
    rows = (
        ("receipt_no", None if receipt.number is None else str(receipt.number)),
        ("credits", receipt.credits),
        ("date", amounts.moment(receipt.at)),
        ("outlet", outlet),
        ("terminal", receipt.terminal),
        ("operator", receipt.operator_name or _operator(receipt.operator, words)),
    )
    return _pairs(rows, words)


def _operator(actor: str, words: dict[str, str]) -> str:
    """Return an actor who has no name, as names.shown() does, in the language of the receipt."""
    kind, _, rest = actor.partition(":")
    if kind == "cli":
        return words["operator.cli"].format(name=rest)
    return rest or words.get(f"operator.{actor}", actor)


def _customer(receipt: Receipt, words: dict[str, str]) -> Iterator[Element]:
    if receipt.customer is not None:
        customer = receipt.customer
        rows = (("customer", customer.name), ("account", customer.account_no))
        yield from _pairs((*rows, ("address", customer.address)), words)
    if receipt.meter is not None:
        meter = receipt.meter
        yield Pair(words["meter_no"], meter.drn, STRONG)
        register = (("SGC", meter.sgc), ("KRN", str(meter.krn)), ("TI", meter.ti))
        yield Facts((*register, ("EA", f"{meter.ea:02d}"), ("TT", f"{meter.tct:02d}")))
        yield from _pairs((("tariff", meter.tariff),), words)


def _pairs(rows: tuple[tuple[str, str | None], ...], words: dict[str, str]) -> Iterator[Element]:
    for key, value in rows:
        if value and clean(value):
            yield Pair(words[key], clean(value))


def _tokens(receipt: Receipt, words: dict[str, str], amounts: Amounts) -> Iterator[Element]:
    several = len(receipt.tokens) > 1
    if several:
        yield Text(words["enter_in_order"], BOLD)
    for number, token in enumerate(receipt.tokens, 1):
        label, place = _token_label(token, words), number if several else None
        yield Digits(label, tuple(token.groups()), _carried(token, amounts), place)


def _carried(token: Token, amounts: Amounts) -> str:
    if token.credit is not None:
        return amounts.credit(token.credit)
    return "" if token.tenths is None else amounts.kwh(token.tenths)


def _token_label(token: Token, words: dict[str, str]) -> str:
    kind, _, number = token.kind.rpartition("_")
    if number.isdigit():
        return words[f"token.{kind}"].format(number=number)
    return words.get(f"token.{token.kind}", words["token.extended"])


def _money(receipt: Receipt, words: dict[str, str], amounts: Amounts) -> Iterator[Element]:
    if not receipt.lines and not receipt.tendered:
        return
    if receipt.tenths():
        yield Pair(words["units"], amounts.kwh(receipt.tenths()), STRONG)
    if receipt.credit():
        yield Pair(words["credit"], amounts.credit(receipt.credit()), STRONG)
    energy = [line for line in receipt.lines if line.kind == "energy"]
    cost = words["cost_of_credit" if receipt.of_money() else "cost_of_units"]
    yield from _energy(energy, cost, amounts)
    for kind in ("free", "charge", "levy", "fee", "tax", "debt", "credit", "rounding"):
        for line in receipt.lines:
            if line.kind == kind:
                yield from _line(line, words, amounts)
    total = sum(line.amount for line in receipt.lines if line.kind != "change")
    yield Pair(words["total"], amounts.money(total), STRONG)
    for tender in receipt.tendered:
        means = words[f"means.{tender.means}"]
        label = f"{means} {clean(tender.reference)}" if tender.reference else means
        yield Pair(label, amounts.bare(tender.amount))
    if len(receipt.tendered) > 1 or receipt.change:
        yield Pair(words["tendered"], amounts.bare(receipt.paid()))
        yield Pair(words["change"], amounts.bare(receipt.change))


def _energy(lines: list[Line], cost: str, amounts: Amounts) -> Iterator[Element]:
    if not lines:
        return
    yield Pair(cost, amounts.bare(sum(line.amount for line in lines)))
    for line in lines:
        if line.tenths is None or line.rate is None:
            if len(lines) > 1:
                yield Pair(clean(line.name), amounts.bare(line.amount), SUB)
            continue
        step = f"{amounts.kwh(line.tenths)} @ {amounts.rate(line.rate)}"
        # A block is known by its rate; another part of the price, such as peak, by its name.
        named = len(lines) > 1 and not line.code.startswith("block")
        yield Pair(f"{clean(line.name)} {step}" if named else step, amounts.bare(line.amount), SUB)


def _line(line: Line, words: dict[str, str], amounts: Amounts) -> Iterator[Element]:
    label = clean(line.name)
    if line.kind == "free":
        yield Pair(words["free_units"], amounts.kwh(line.tenths or 0))
        if not line.amount:
            return
    elif line.code == TO_CREDIT and line.kind in ("debt", "credit"):
        label = words["customer_credit"]
    elif line.kind == "rounding":
        label = words["rounding"]
    elif line.kind == "tax" and line.tax_rate is not None and "%" not in label:
        label = f"{label} {amounts.percent(line.tax_rate)}"
    yield Pair(label, amounts.bare(line.amount))
    if line.balance is not None:
        yield Pair(words["balance_left"], amounts.bare(line.balance), SUB)


def _code(receipt: Receipt, words: dict[str, str]) -> Iterator[Element]:
    if receipt.tokens:
        caption = words["qr_tokens" if len(receipt.tokens) > 1 else "qr"]
        yield Code("\n".join(token.digits for token in receipt.tokens), caption)


def _foot(receipt: Receipt, words: dict[str, str]) -> Iterator[Element]:
    for line in (receipt.text or "").splitlines():
        if clean(line):
            yield Text(clean(line))
    if receipt.utility.phone:
        yield Text(f"{words['help']} {clean(receipt.utility.phone)}", BOLD)
