"""The names of the settings that an order may change, for tools. Boards do not load it."""

from . import parameters


def find(name, money):
    """Return the row of a name, None if there is none; those of malignant loads have the names
    malignant.mode and so on. money: of a currency meter."""
    for row in (parameters.MONEY if money else ()) + parameters.ROWS:
        if full_name(row) == name:
            return row if parameters.row(row[parameters.NUMBER], money) == row else None
    return None


def full_name(row):
    """Return the name of a row for people."""
    name = row[parameters.NAME]
    if row[parameters.FEATURE] == parameters.MALIGNANT:
        return "%s.%s" % (parameters.MALIGNANT, name)
    return name
