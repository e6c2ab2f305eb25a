"""Check values on tokens: a damaged record must never give wrong digits."""

import hashlib
from collections.abc import Mapping
from typing import Any

from tjugo.station.storage.tables import PlainToken, Token

_COLUMNS = (
    *("tenant_id", "drn", "bdt", "tid", "client", "client_id", "token_class", "subclass"),
    *("asked_tenths", "units_tenths", "digits", "ea", "sgc", "krn", "kt", "ti"),
)
_PLAIN = (
    *("tenant_id", "client", "client_id", "position", "drn", "token_class", "subclass"),
    "digits",
)


def check_value(token: Token | PlainToken) -> str:
    """Return 16 hex digits over the columns of a token, the beginning of a SHA-256."""
    names = _COLUMNS if isinstance(token, Token) else _PLAIN
    columns = {name: getattr(token, name) for name in (*names, "issued_at")}
    return digest({**columns, "credit": getattr(token, "credit", None)})


def digest(columns: Mapping[str, Any]) -> str:
    """Return the check value of a token that has these columns; one without a TID has no key."""
    names = _COLUMNS if "tid" in columns else _PLAIN
    texts = [str(columns[name]) for name in names]
    texts.append(f"{columns['issued_at']:%Y-%m-%dT%H:%M:%S.%f}")
    credit = columns.get("credit")
    if credit is not None:  # no token of an early version has it: their values stay
        texts.append(f"credit {credit}")
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def intact(token: Token | PlainToken) -> bool:
    """Return whether a token is unchanged since it was recorded. Call it before its digits are
    disclosed."""
    return token.check_value == check_value(token)
