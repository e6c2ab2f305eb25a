"""How much a token can carry."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from sts_portable import amount
from tjugo import counted
from tjugo.station.tariffs.model import Quote, TariffRules


def encodable(tenths: int) -> int:
    """Return the largest amount of at most these tenths that a credit token can carry."""
    if tenths >= amount.MAX_TENTHS:
        return int(amount.MAX_TENTHS)
    field = amount.encode(tenths)
    carried = amount.decode(field)
    return carried if carried <= tenths else amount.decode(field - 1)


def encodable_money(currency: str, minor: int) -> int:
    """Return what is charged of at most these minor units: the largest credit that a token of
    money can carry, rounded up to the minor unit."""
    return counted.to_minor(counted.carried_of_minor(minor, currency), currency)


def encodable_of(rules: TariffRules) -> Callable[[int], int]:
    """Return the function of a tariff's units: tenths, or minor units of the currency."""
    if rules.counts == counted.ENERGY:
        return encodable
    return partial(encodable_money, rules.currency)


def credit_of(quote: Quote, currency: str) -> Decimal | None:
    """Return what the token of a priced sale carries of money, in major units; None for energy."""
    if not quote.credit:
        return None
    return counted.major(counted.carried_of_minor(quote.credit, currency), currency)
