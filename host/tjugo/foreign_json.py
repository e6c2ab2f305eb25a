"""JSON from outside the program: files, boards, sockets."""

import json
from collections.abc import Callable
from typing import Any


def loads(text: str | bytes, parse_float: Callable[[str], Any] | None = None) -> Any:
    """Return the value in a JSON text. Raise ValueError if it is not JSON or nested too deeply,
    where json.loads raises RecursionError."""
    try:
        return json.loads(text, parse_float=parse_float)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
