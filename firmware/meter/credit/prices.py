"""The prices of a currency meter: its settings, checked, and amounts of money as texts."""

from binascii import crc32

from ..settings import is_whole

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_RATES = const(4)
_MOST_PRICE = 0xFFFFFFFF


def checksum(currency, prices, daily):
    """Return the checksum of the setting "currency_crc". prices: four, or None."""
    text = ",".join(["%d" % price for price in prices or ()])
    return crc32(("%s,%s,%d" % (currency, text, daily)).encode())


def currency_of(settings):
    """Return the setting "currency", three capital letters; note one that is wrong."""
    code = settings.given.get("currency")
    if isinstance(code, str) and len(code) == 3 and all("A" <= char <= "Z" for char in code):
        return code
    settings.note("currency")
    return "???"


def prices_of(settings):
    """Return the four prices of the setting "currency_prices", a list of four, or of one for all;
    note one that is wrong, and return None."""
    given = settings.given.get("currency_prices")
    if isinstance(given, list) and len(given) in (1, _RATES):
        if all(is_whole(price, 1, _MOST_PRICE) for price in given):
            return tuple(given * (_RATES // len(given)))
    settings.note("currency_prices")
    return None


def in_currency(amount, places, currency):
    """Return 1e-8 of a currency unit with `places` decimals, cut towards zero."""
    units = abs(amount) // 10 ** (8 - places)
    sign = "-" if amount < 0 and units else ""
    digits = "%d" % units
    digits = "0" * (places + 1 - len(digits)) + digits
    point = len(digits) - places
    decimals = "." + digits[point:] if places else ""
    return "%s%s%s %s" % (sign, digits[:point], decimals, currency)


def plain(units, places, currency):
    """Return 1e-5 of a currency unit as a text, with `places` decimals or as many as it needs."""
    most = 5
    while most > places and units % 10 ** (6 - most) == 0:
        most -= 1
    return in_currency(1000 * units, most, currency)
