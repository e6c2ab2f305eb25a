"""Checking and describing the 20 digits of a token."""

import re
from typing import Any

from sts_portable import amount, fields, meaning, tid, token
from tjugo import counted
from tjugo.errors import TjugoError


def token_digits(text: str) -> str:
    """Return 20 digits without white space and hyphens. Raise TjugoError (status 2) otherwise."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]*", digits, re.A):
        raise TjugoError(f"A token is digits only; {text.strip()!r} has something else in it.", 2)
    if len(digits) != 20:
        raise TjugoError(f"A token has 20 digits; this one has {len(digits)}.", 2)
    if int(digits) >= 1 << 66:
        raise TjugoError(f"A token's number is at most {(1 << 66) - 1}; a digit is mistyped.", 2)
    return digits


def describe(found: token.Token, bdt: str, key_bytes: int) -> dict[str, Any]:
    """Return the fields of a token with their meanings, in the order of its layout."""
    row = found.row()
    view: dict[str, Any] = {"class": found.cls, "subclass": found.subclass}
    if row is None:
        return {**view, "name": "reserved"}
    view["name"] = row[0]
    for name, value in fields.decode(found.cls, found.subclass, found.block, key_bytes).items():
        # A section of a new decoder key is secret and not shown.
        view[name] = "(part of a key)" if isinstance(value, bytes) else value
    if "tid" in view:
        year, month, day, hour, minute = tid.civil(bdt, view["tid"])
        view["issued"] = f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d} UTC"
    unit = meaning.UNITS.get(found.cls << 4 | found.subclass)
    if unit is not None and found.value is not None:
        units = amount.decode(found.value)
        view["units"] = f"{units} W" if unit == "W" else f"{units // 10}.{units % 10} {unit[4:]}"
    elif fields.is_currency(found.cls, found.block) and found.value is not None:
        credit = counted.bare(amount.decode_currency(found.value))
        view["units"] = f"{credit} of the currency unit"
    return view
