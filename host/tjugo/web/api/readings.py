"""The JSON form of a meter's reading, made from the uplink's table of fields."""

from typing import Any

from pydantic import Field, create_model

from uplink import messages

_TYPES: dict[str, Any] = {"bool": bool, "time": str, "bits": list[str], "text200": str}
# Numbers have a width as their kind; what is stored besides the columns of the message:
_MORE: dict[str, Any] = {
    "status": (
        list[str] | None,
        Field(description="Names of the faults and states that are set."),
    ),
    "received_at": (str | None, Field(description="When the station received it, UTC.")),
}


def _columns() -> dict[str, Any]:
    meanings = {row[messages.NAME]: row[messages.MEANING] for row in messages.MESSAGES["state"]}
    return {
        column: (_TYPES.get(kind, int) | None, Field(description=meanings[field]))
        for column, field, kind in messages.columns("state")
    }


Reading = create_model("Reading", **{**_columns(), **_MORE})
"""A reading; null: unknown."""
