"""The rows of a file with their values by field, and what is wrong with each."""

from dataclasses import dataclass, field
from typing import Any

from tjugo.errors import TjugoError
from tjugo.station.registry import customers, sites
from tjugo.station.registry.imports import values
from tjugo.station.registry.imports.dates import order_of
from tjugo.station.registry.imports.fields import CUSTOMER, FIELDS, ColumnMap, problem
from tjugo.station.registry.imports.sheet import Cell, Sheet
from tjugo.station.registry.links import checked_service_point

_DATES = ("registered", "meter_registered", "since", "until")


@dataclass
class Row:
    """A row: its number in the file, its values by field, and its problems, each a sentence.
    unread: the fields whose cells are filled but cannot be read, which have problems."""

    number: int
    values: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def get(self, name: str) -> Any:
        """Return the value of a field; None where the cell is empty."""
        return self.values.get(name)


def parsed(
    sheet: Sheet, mapping: ColumnMap, context: values.Context, defaults: dict[str, str]
) -> list[Row]:
    """Return the rows with content in a mapped column. defaults: a text by field, for cells that
    are empty or missing."""
    rows = sheet.rows[mapping.first :]
    if context.dates is None:
        places = [mapping.columns[name] for name in _DATES if name in mapping.columns]
        dates = [cells[place].text for _, cells in rows for place in places if place < len(cells)]
        context.dates = order_of(dates)
    found = []
    for number, cells in rows:
        broken = sheet.broken.get(number)
        row = Row(number, {}, [] if broken is None else [broken])
        given = {
            name: cells[place]
            for name, place in mapping.columns.items()
            if place < len(cells) and cells[place].text
        }
        if broken is not None:  # the rest of its cells are parts of one value
            found.append(row)
            continue
        if not given:
            continue
        for name in (*given, *(name for name in defaults if name not in given)):
            _read(row, name, given.get(name) or Cell(defaults[name]), context)
        found.append(row)
    return found


def _read(row: Row, name: str, cell: Cell, context: values.Context) -> None:
    try:
        value = FIELDS[name].read(values.checked(cell), context)
        row.values[name] = _checked(name, value)
    except values.Bad as error:
        row.problems.append(problem(name, error))
        row.unread.add(name)
    except TjugoError as error:
        row.problems.append(error.message)
        row.unread.add(name)


def _checked(name: str, value: Any) -> Any:
    """Return a value that the registry takes. Raise TjugoError."""
    if name in customers.FIELDS and FIELDS[name].group == CUSTOMER:
        return customers.checked({name: value})[name]
    if name == "account_no":
        customers.check_account_no(value)
    elif name == "service_point":
        return checked_service_point(value)
    elif name == "site_name":
        return sites.checked_name(value)
    return value
