"""The inputs of an explained sale: an amount, a time, a random number."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sts_portable import amount, fields, meaning, tid, vendor
from sts_portable.errors import StsError
from tjugo import numbers
from tjugo.errors import TjugoError, plain
from tjugo.sts.explain.fields import moment, quantity
from tjugo.sts.explain.model import Fact, Step

_FINEST = {**dict.fromkeys(range(4), 1), **dict.fromkeys(range(4, 8), 5)}


@dataclass(frozen=True)
class Sale:
    """A credit token to be made.

    subclass: 0 to 7. units: 0.1 kWh, 0.1 m3 or 0.1 min, or 1e-5 of the currency unit. minute:
    since the base date; gives the TID if tid is None. rnd: 0 to 15.
    """

    subclass: int
    units: int
    minute: int
    rnd: int
    tid: int | None = None


def parse_units(text: str, subclass: int, style: numbers.Style = numbers.PEOPLE) -> int:
    """Return an amount such as 20 or 7.5 in the smallest units of its subclass.

    Only currency may be negative. Raise TjugoError if it is invalid.
    """
    places = _FINEST.get(subclass)
    if places is None:
        raise TjugoError("Credit has the subclasses 0 to 7.", 2)
    amount_text = text.strip()
    negative = subclass > 3 and amount_text.startswith("-")
    try:
        value = numbers.decimal(amount_text[negative:], style)
    except numbers.NotANumber as error:
        raise TjugoError(error.sentence("The amount"), 2) from error
    scaled = (-value if negative else value).scaleb(places)
    if scaled != int(scaled):
        noun = "place" if places == 1 else "places"
        raise TjugoError(f"The amount may have at most {places} decimal {noun}.", 2)
    return int(scaled)


def parse_moment(text: str, bdt: str) -> int:
    """Return the minutes since the base date of "2026-11-22 12:00", UTC unless it has a zone.

    Raise TjugoError if it is invalid.
    """
    try:
        at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise TjugoError(f"A time is written 2026-11-22 12:00, not {text.strip()!r}.", 2) from None
    return minute_of(at, bdt)


def minute_of(at: datetime, bdt: str) -> int:
    """Return the minutes since the base date. Raise TjugoError outside its range."""
    try:
        return tid.minutes(bdt, at.year, at.month, at.day, at.hour, at.minute)
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def clear_block(sale: Sale, number: int) -> bytes:
    """Return the clear block of the sale with this TID. Raise TjugoError."""
    values = {"tid": number, "amount": _code(sale)}
    if sale.subclass < 4:
        values["rnd"] = sale.rnd
    try:
        return fields.encode(0, sale.subclass, **values)
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def allocate(sale: Sale, ken: int) -> int:
    """Return the TID of the sale. Raise TjugoError if there is none or the key is then expired."""
    try:
        number = tid.from_minutes(sale.minute) if sale.tid is None else sale.tid
        vendor.check_expiry(number, ken)
    except StsError as error:
        raise TjugoError(plain(error), 2) from error
    return number


def _code(sale: Sale) -> int:
    try:
        if sale.subclass < 4:
            return amount.encode(sale.units)
        return amount.encode_currency(sale.units)
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def _unit(subclass: int) -> str:
    return meaning.UNITS[subclass] if subclass < 4 else meaning.CURRENCY_UNIT


def amount_step(sale: Sale) -> Step:
    """Return the step from an amount to its field of 16 or 20 bits."""
    code, unit = _code(sale), _unit(sale.subclass)
    exponents, decode = (3, amount.decode) if sale.subclass < 4 else (31, amount.decode_currency)
    exponent, carried = code >> 14 & exponents, decode(code)
    say = (
        "The amount is encoded with an exponent e and a 14-bit mantissa m: m x 10^e plus the"
        " end of the ranges below, so that the ranges join without gap or overlap.",
        "An amount between two steps is rounded in the customer's favour.",
    )
    facts = (
        Fact("requested", quantity(sale.units, unit), f"{sale.units} units of {unit}"),
        Fact("exponent", f"{exponent}", f"steps of {10**exponent}"),
        Fact("mantissa", f"{code & 0x3FFF}"),
        Fact("amount field", f"{code}", f"in hex {code:04x}"),
        Fact("the token gives", quantity(carried, unit), _difference(carried - sale.units)),
    )
    return Step("amount", "The amount", say, facts)


def _difference(more: int) -> str:
    return f"{more} units more than requested" if more else "exactly as requested"


def tid_step(sale: Sale, number: int, bdt: str) -> Step:
    """Return the step from a time to a TID."""
    say = (
        "The token identifier counts the minutes since the base date. A meter accepts each TID"
        " once, so a point of sale issues each one once.",
    )
    if sale.tid is not None:
        facts: tuple[Fact, ...] = (Fact("TID", f"{number}", f"as given: {moment(bdt, number)}"),)
    else:
        note = "" if number == sale.minute else "00:01 is reserved for special tokens: one later"
        facts = (
            Fact("sold", moment(bdt, sale.minute), f"base date {tid.BASE_YEARS[bdt]}-01-01"),
            Fact("minute", f"{sale.minute}"),
            Fact("TID", f"{number}", note),
        )
    return Step("tid", "Token identifier", say, facts)
