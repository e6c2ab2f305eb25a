"""Options for the particulars of a station, from the table of the set-up."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from tjugo.station.setup import plan


def setup_options(names: Iterable[str]) -> Callable[[Any], Any]:
    """Return a decorator with an option for each of these fields of the set-up, as `--tax-no`;
    None where it is not given."""
    fields = [(f"--{name.replace('_', '-')}", plan.FIELDS[name].title) for name in names]

    def decorate(function: Any) -> Any:
        for option, title in reversed(fields):
            function = click.option(option, help=f"{title}.")(function)
        return function

    return decorate
