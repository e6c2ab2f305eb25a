"""What a new station is made with: one table for options, questions and the set-up file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from pathlib import Path

from tjugo import numbers
from tjugo.errors import reason
from tjugo.station.operators import people
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.utility import Utility
from tjugo.station.storage import databases
from tjugo.station.tariffs import assignment
from tjugo.station.tariffs.assignment import DEFAULT_RATE


@dataclass(frozen=True)
class Field:
    """A value that may be given. table, key: its place in the set-up file; title: of the question
    and the option; default: of the question; a_file: the value is the path of a file."""

    table: str
    key: str
    title: str
    default: str = ""
    a_file: bool = False


FIELDS = {
    "name": Field("utility", "name", "Name of the utility"),
    "address": Field("utility", "address", "Its address"),
    "tax_no": Field("utility", "tax_no", "Its tax number"),
    "phone": Field("utility", "phone", "Its phone number"),
    "currency": Field("utility", "currency", "Currency (ISO 4217)", Utility.currency),
    "time_zone": Field("utility", "time_zone", "Time zone (IANA)", Utility.time_zone),
    "language": Field("utility", "language", "Language of receipts", Utility.language),
    "receipt_text": Field("utility", "receipt_text", "Text at the end of receipts"),
    "price": Field("tariff", "price", "Price of a kWh before taxes", f"{DEFAULT_RATE}"),
    "admin": Field("administrator", "login", "Log-in name of the first administrator"),
    "admin_name": Field("administrator", "name", "Name of that person"),
    "admin_password_file": Field(
        "administrator", "password_file", "File with the first line its password", a_file=True
    ),
    "database": Field("station", "database", "PostgreSQL database, empty for a file"),
    "key_file": Field("station", "key_file", "Key file that seals the keys", a_file=True),
}
UTILITY = tuple(one.name for one in fields(Utility))


def read(path: Path) -> dict[str, str]:
    """Return the values of a set-up file (TOML), by their names in FIELDS; files beside it are
    named relative to it. Raise TjugoError."""
    try:
        # Numbers stay as they are written: 0.20 is not a float.
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
    except OSError as error:
        raise reason("set_up_invalid", f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise reason("set_up_invalid", f"{path} is not a TOML file: {error}.") from error
    places = {(field.table, field.key): name for name, field in FIELDS.items()}
    found: dict[str, str] = {}
    for table, values in content.items():
        if not isinstance(values, dict):
            raise reason("set_up_invalid", f"{path}: {table} stands outside of a table.")
        for key, value in values.items():
            name = places.get((table, key))
            if name is None:
                raise reason("set_up_invalid", f"{path}: there is no {key} in a table {table}.")
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise reason("set_up_invalid", f"{path}: {key} is not a text.")
            text = str(value)
            found[name] = str(path.parent / text) if FIELDS[name].a_file else text
    return found


def utility(given: Mapping[str, str], before: Utility) -> Utility:
    """Return a utility with the particulars that are given, the others as before."""
    return replace(before, **{name: given[name] for name in UTILITY if name in given})


def rate(given: Mapping[str, str]) -> Decimal:
    """Return the price of a kWh in major units. Raise TjugoError."""
    if "price" not in given:
        return DEFAULT_RATE
    try:
        return numbers.decimal(given["price"])
    except numbers.NotANumber as error:
        raise reason("set_up_invalid", error.sentence("The price")) from error


def check(name: str, given: Mapping[str, str]) -> None:
    """Raise TjugoError unless the value of a name in FIELDS can be used, with the others that are
    given."""
    if name in UTILITY:
        utilities.checked(replace(Utility("any"), **{name: given[name]}))
    elif name == "price":
        assignment.checked_default(given.get("currency", Utility.currency), rate(given))
    elif name == "admin":
        people.checked_login(given[name])
    elif name == "admin_name":
        people.checked_name(given[name])
    elif name == "database":
        databases.parse(given[name])
