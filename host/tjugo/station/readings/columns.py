"""The columns of the station's tables that store the fields of a collector's messages."""

from uplink import messages

TABLES = {"status": "collector", "about": "collector", "state": "meter_reading"}
# (message, field): its column, None if it is not stored. All others have a column of their name.
_COLUMNS = {("status", ""): "online", ("about", "instance"): None}


def columns(message: str) -> list[tuple[str, str, str]]:
    """Return (column, field, kind) of each field of a message that the station stores.

    message: one of TABLES.
    """
    found = []
    for row in messages.MESSAGES[message]:
        field = row[messages.NAME]
        column = _COLUMNS.get((message, field), field)
        if column is not None:
            found.append((column, field, row[messages.KIND]))
    return found
