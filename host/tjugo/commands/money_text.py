"""Amounts of money as commands read and print them: major units of the utility's currency."""

from collections.abc import Iterable, Sequence
from datetime import date

import click

from tjugo import money, numbers
from tjugo.errors import reason
from tjugo.station.work import View

DAY = click.DateTime(["%Y-%m-%d"])


def percent(text: str) -> int:
    """Return hundredths of a percent in a text such as 2.5. Raise TjugoError."""
    try:
        scaled = numbers.decimal(text, numbers.PERCENT) * 100
    except numbers.NotANumber as error:
        raise reason("commission_invalid", error.sentence("The commission")) from error
    if scaled != int(scaled):
        raise reason("commission_invalid", "The commission has at most two decimals.")
    return int(scaled)


def percent_text(rate: int) -> str:
    """Return hundredths of a percent as 2.50 %."""
    return f"{rate // 100}.{rate % 100:02} %"


def by_means(view: View, given: Iterable[str]) -> dict[str, int]:
    """Return minor units by means of payment, of texts such as cash=120.50. Raise TjugoError."""
    found: dict[str, int] = {}
    for text in given:
        means, mark, amount = text.partition("=")
        if not mark or means in found:
            raise reason("amount_invalid", f"Write each means once, as cash=120.50, not {text!r}.")
        found[means] = money.parse(amount, view.tenant.currency, f"The {means.replace('_', ' ')}")
    return found


def table(rows: Sequence[Sequence[str]], amounts: Sequence[int] = ()) -> None:
    """Print rows in columns; those of `amounts` are aligned to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if place in amounts else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def day_of(value: object, default: date) -> date:
    """Return the day of an option of type DAY, the default when it is not given."""
    return default if value is None else value.date()  # type: ignore[attr-defined]
