"""The JSON form of a meter's reading, made from the uplink's table of fields."""

from typing import Any

from pydantic import Field, create_model

from tjugo.station.readings.columns import columns
from uplink import descriptions

_TYPES: dict[str, Any] = {"bool": bool, "time": str, "bits": list[str], "text200": str}
# Numbers have a width as their kind; what is stored besides the columns of the message:
_MORE: dict[str, Any] = {
    "status": (
        list[str] | None,
        Field(description="Names of the faults and states that are set."),
    ),
    "alarms": (
        list[str] | None,
        Field(description="What needs a person: names of alarms, null: unknown."),
    ),
    "received_at": (str | None, Field(description="When the station received it, UTC.")),
}


def _columns() -> dict[str, Any]:
    described = descriptions.FIELDS["state"]
    return {
        column: (_TYPES.get(kind, int) | None, Field(description=described[field][1]))
        for column, field, kind in columns("state")
    }


Reading = create_model("Reading", **{**_columns(), **_MORE})
"""A reading; null: unknown."""
