"""Amounts, units, rates and times as people of a language write them, by babel."""

from datetime import UTC, datetime
from decimal import Decimal

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent

from tjugo import counted, money
from tjugo.local_time import locale_of, zone_of

_TENTHS = "#,##0.0"
_RATE = "#,##0.00######"


class Amounts:
    """The forms of one receipt's language, currency and time zone."""

    def __init__(self, language: str, currency: str, time_zone: str) -> None:
        self._locale = locale_of(language)
        self._language = str(self._locale).replace("_", "-")
        self._currency = currency
        self._time_zone = time_zone

    def money(self, amount: int) -> str:
        """Return an amount with its currency."""
        return money.text(amount, self._currency, self._language)

    def bare(self, amount: int) -> str:
        """Return an amount without its currency."""
        places = money.exponent(self._currency)
        pattern = "#,##0" + "." * bool(places) + "0" * places
        return format_decimal(money.major(amount, self._currency), pattern, locale=self._locale)

    def kwh(self, tenths: int) -> str:
        """Return units."""
        return f"{format_decimal(Decimal(tenths) / 10, _TENTHS, locale=self._locale)} kWh"

    def credit(self, units: int) -> str:
        """Return the credit of a token of money, given in 1e-5 of the currency, in full."""
        value = counted.major(units, self._currency)
        return money.text_of(value, self._currency, self._language)

    def rate(self, rate: Decimal) -> str:
        """Return a rate per kWh, with at least two decimals and all that it has."""
        return format_decimal(rate, _RATE, locale=self._locale)

    def percent(self, rate: Decimal) -> str:
        """Return a rate given in percent."""
        return format_percent(rate / 100, locale=self._locale, decimal_quantization=False)

    def moment(self, at: datetime) -> str:
        """Return a time in the utility's zone; in UTC, and marked so, where that is unknown."""
        zone = zone_of(self._time_zone)
        if zone is None:
            return f"{format_datetime(at, 'medium', tzinfo=UTC, locale=self._locale)} UTC"
        return format_datetime(at, "medium", tzinfo=zone, locale=self._locale)
