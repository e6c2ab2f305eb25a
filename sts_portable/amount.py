"""Amount fields: a floating scale without gaps, always rounded in the customer's favour.

Values are integers: 0.1 kWh, 0.1 m3, 0.1 minute or W for the 16-bit field, 1e-5 of the base
currency unit for the 20-bit one.
"""

from .errors import RangeError

MAX_TENTHS = 18201624
_MANTISSA = 0x3FFF


def decode(field: int) -> int:
    """Return the quantity encoded in a 16-bit amount field. Raise RangeError beyond 16 bits."""
    if not 0 <= field <= 0xFFFF:
        raise RangeError("amount field %d does not fit 16 bits" % field)
    return _value(field >> 14, field & _MANTISSA)


def encode(tenths: int) -> int:
    """Return the smallest 16-bit field worth at least `tenths`; RangeError outside its range."""
    if not 0 <= tenths <= MAX_TENTHS:
        raise RangeError("amount %d is outside 0 to %d" % (tenths, MAX_TENTHS))
    return _series(tenths, True)


def decode_currency(field: int) -> int:
    """Return the amount encoded in a 20-bit field: sign, 5-bit exponent, 14-bit mantissa."""
    if not 0 <= field <= 0xFFFFF:
        raise RangeError("currency field %d does not fit 20 bits" % field)
    value = _value(field >> 14 & 31, field & _MANTISSA)
    return -value if field >> 19 else value


def encode_currency(units: int) -> int:
    """Return the 20-bit field for `units` of 1e-5; rounds up, a debt towards zero."""
    field = _series(abs(units), units > 0)
    if field >> 19:
        raise RangeError("currency amount %d is too large for a token" % units)
    return field | 1 << 19 if units < 0 else field


def _value(exponent, mantissa):
    for _ in range(exponent):
        mantissa = 10 * mantissa + 16384
    return mantissa


def _series(value, up):
    """Return exponent << 14 | mantissa of a value >= 0. `up`: round up, else down."""
    scale = 1
    exponent = 0
    while True:
        mantissa = -(-value // scale) if up else value // scale
        if mantissa <= _MANTISSA:
            return exponent << 14 | mantissa
        value -= 16384 * scale
        scale *= 10
        exponent += 1
