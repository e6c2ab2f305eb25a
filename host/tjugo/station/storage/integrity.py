"""Check values on tokens: a damaged record must never give wrong digits."""

import hashlib
from collections.abc import Mapping
from typing import Any

from tjugo.station.storage.tables import Token

_COLUMNS = (
    *("tenant_id", "drn", "bdt", "tid", "client", "client_id", "token_class", "subclass"),
    *("asked_tenths", "units_tenths", "digits", "ea", "sgc", "krn", "kt", "ti"),
)


def check_value(token: Token) -> str:
    """Return 16 hex digits over the columns of a token, the beginning of a SHA-256."""
    return digest({name: getattr(token, name) for name in (*_COLUMNS, "issued_at")})


def digest(columns: Mapping[str, Any]) -> str:
    """Return the check value of a token that has these columns."""
    texts = [str(columns[name]) for name in _COLUMNS]
    texts.append(f"{columns['issued_at']:%Y-%m-%dT%H:%M:%S.%f}")
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def intact(token: Token) -> bool:
    """Return whether a token is unchanged since it was recorded. Call it before its digits are
    disclosed."""
    return token.check_value == check_value(token)
