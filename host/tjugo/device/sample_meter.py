"""An invented meter for measurements: the published key of the STS test cases' DKGA02 samples."""

from typing import Any

from sts_portable import vendor

_KEY, _EA = bytes.fromhex("abababababababab"), 7
SETTINGS: dict[str, Any] = {"drn": "01000000016", "address": 1, "key": _KEY.hex(), "ea": _EA}


def tokens(count: int) -> list[str]:
    """Return credit tokens of 50 kWh for the meter, each to be entered once."""
    return [vendor.credit(_KEY, _EA, 6_000_000 + n, 5, 500, 0, 255) for n in range(count)]
