"""Values in the cells of a file, as people and spreadsheets write them, except dates."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sts_portable import pan
from tjugo import drn as drn_numbers
from tjugo import key_register, money, numbers, search_words
from tjugo.counted import COUNTS
from tjugo.errors import TjugoError, plain
from tjugo.station.registry.imports import formats
from tjugo.station.registry.imports.sheet import NUMBER, WRONG, Cell
from tjugo.station.storage.tables import DEBT_KINDS, METER_STATUSES, SITE_KINDS

_PAN_DIGITS = 18
_EXPONENT = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+([0-9]{1,2})", re.A)
_STATUS_WORDS = {
    "stock": "in stock|store|en stock|stock|lager|estoque|almacen",
    "installed": "active|in use|ok|actif|installe|instalado|activo|ativo|aktiv|installiert",
    "blocked": "suspended|bloque|bloqueado|gesperrt|suspendu|suspendido|suspenso",
    "removed": "retired|inactive|retire|retirado|removido|ausgebaut|enleve",
}


class Bad(ValueError):
    """The text is the end of a sentence whose subject is the column."""


@dataclass
class Context:
    """What a value's reading depends on. dates: dmy or mdy, where a date has two readings, None:
    refused. now: a moment in the file is not after it."""

    style: numbers.Style
    currency: str
    zone: ZoneInfo
    now: datetime
    dates: str | None = None
    found: set[str] = field(default_factory=set)


def text(cell: Cell, context: Context) -> str:
    """Return the text of a cell; a whole number without the .0 that spreadsheets add."""
    whole = re.fullmatch(r"([0-9]+)[.,]0+", cell.text, re.A) if cell.kind == NUMBER else None
    return whole[1] if whole else cell.text


def code(cell: Cell, context: Context) -> str:
    """Return an account, phone or other number as text. Raise Bad when a spreadsheet made it a
    quantity and digits are lost."""
    return _without_exponent(cell.text)


def _without_exponent(found: str) -> str:
    """Return the digits of 1000000016.0 and 1.000000016E+09. Raise Bad when some are lost."""
    whole = re.fullmatch(r"([0-9]{5,})[.,]0+", found, re.A)
    if whole:
        return whole[1]
    powered = _EXPONENT.fullmatch(found)
    if powered is None:
        return found
    first, rest, power = powered[1], powered[2] or "", int(powered[3])
    if len(rest.rstrip("0")) > power:
        raise Bad(f"{found!r} is not a whole number")
    if len(rest) < power:
        raise Bad(
            f"{found!r} has lost digits as a number: format the column as text, write it again"
        )
    return first + rest[:power]


def drns(cell: Cell, context: Context) -> tuple[str, ...]:
    """Return the DRNs that a meter number can mean, of 11 or 13 digits, of a number that lost its
    leading zeros, or of a MeterPAN. Raise Bad."""
    number = drn_numbers.digits(_without_exponent(cell.text))
    try:
        if len(number) == _PAN_DIGITS:
            return (pan.drn_from_pan(number),)
        found = drn_numbers.readings(number)
    except pan.PanError as error:
        raise Bad(f": {plain(error).rstrip('.')}") from error
    if int(found[0]) == 0:
        raise Bad(f"{number!r} is not the number of a meter")
    return found


def register(name: str) -> Callable[[Cell, Context], object]:
    """Return the reader of a field of the key register."""

    def read(cell: Cell, context: Context) -> object:
        try:
            return key_register.value(name, text(cell, context))
        except TjugoError as error:
            words = error.message.partition(" ")[2].rstrip(".")
            raise Bad(f"{words}, not {cell.text[:20]!r}") from error

    return read


def tct(cell: Cell, context: Context) -> int:
    """Return a token carrier type."""
    if text(cell, context).lstrip("0") not in ("1", "2"):
        raise Bad(f"must be 01 or 02, not {cell.text[:20]!r}")
    return int(text(cell, context))


def status(cell: Cell, context: Context) -> str:
    """Return a meter's status."""
    said = " ".join(search_words.split(cell.text))
    for name, words in _STATUS_WORDS.items():
        if said == name or said in words.split("|"):
            return name
    raise Bad(f"is one of {', '.join(METER_STATUSES)}, not {cell.text[:20]!r}")


def counts(cell: Cell, context: Context) -> str:
    """Return what a meter counts."""
    said = cell.text.strip().lower()
    if said not in COUNTS:
        raise Bad(f"is one of {', '.join(COUNTS)}, not {cell.text[:20]!r}")
    return said


def site_kind(cell: Cell, context: Context) -> str:
    """Return a kind of site."""
    said = "_".join(search_words.split(cell.text))
    if said not in SITE_KINDS:
        raise Bad(f"is one of {', '.join(SITE_KINDS)}, not {cell.text[:20]!r}")
    return said


def amount(cell: Cell, context: Context) -> int:
    """Return an amount of money in minor units, 0 or more. Raise Bad for one of another
    currency."""
    try:
        style = replace(_style(cell, context), places=money.exponent(context.currency))
        found = numbers.decimal(_bare(cell.text, context), style)
        return money.minor(found, context.currency)
    except numbers.NotANumber as error:
        raise Bad(str(error)) from error


def _style(cell: Cell, context: Context) -> numbers.Style:
    return numbers.PROGRAM if cell.kind == NUMBER else context.style


def _bare(found: str, context: Context) -> str:
    """Return an amount without the currency's code or symbol beside it. Raise Bad for another
    currency's."""
    unit = formats.currency_in(found)
    if unit and context.currency not in formats.SYMBOLS.get(unit, unit).split():
        raise Bad(f"{found[:30]!r} is not in {context.currency}")
    return re.sub(rf"^{re.escape(unit)}\s*|\s*{re.escape(unit)}$", "", found.strip())


def recovery(cell: Cell, context: Context) -> tuple[str, int]:
    """Return how a debt is recovered by each sale: 20% of the money as ("percent", 2000), or an
    amount as ("amount", minor units)."""
    share = re.fullmatch(r"(.*?)\s*%", cell.text)
    if share is None:
        return "amount", amount(cell, context)
    try:
        part = numbers.decimal(share[1], replace(_style(cell, context), places=2)) * 100
    except numbers.NotANumber as error:
        raise Bad(str(error)) from error
    if part != part.to_integral_value() or not 0 < part <= 10_000:
        raise Bad(f"must be above 0 % and up to 100 %, not {cell.text[:20]!r}")
    return "percent", int(part)


def count(cell: Cell, context: Context) -> int:
    """Return a whole number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,6}", text(cell, context), re.A) or not int(text(cell, context)):
        raise Bad(f"must be a whole number from 1 on, not {cell.text[:20]!r}")
    return int(text(cell, context))


def debt_kind(cell: Cell, context: Context) -> str:
    """Return a kind of debt."""
    if cell.text not in DEBT_KINDS:
        raise Bad(f"is one of {', '.join(DEBT_KINDS)}, not {cell.text[:20]!r}")
    return cell.text


def checked(cell: Cell) -> Cell:
    """Return the cell. Raise Bad when the file's cell itself cannot be read."""
    if cell.kind == WRONG:
        raise Bad(cell.text)
    return cell
