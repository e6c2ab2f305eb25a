"""Fields that the bodies and queries of several domains have in common."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from tjugo import numbers
from tjugo.station.storage.paging import LIMIT, MOST

CLIENT = "api"


class RequestBody(BaseModel):
    """A body; unknown fields, values of another type, and NUL in any text are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        if _has_nul(value):
            raise PydanticCustomError("nul", "a text has a NUL character")
        return value


def _has_nul(value: Any) -> bool:
    """Return whether a text of a JSON value has the character that PostgreSQL cannot keep."""
    left = [value]  # not by recursion: JSON may be nested more deeply than calls may be
    while left:
        part = left.pop()
        if isinstance(part, str) and "\0" in part:
            return True
        if isinstance(part, dict):
            left += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            left += part
    return False


Kwh = Annotated[
    Decimal,
    BeforeValidator(numbers.json_decimal, json_schema_input_type=float | str),
]
Money = Kwh
"""Money in major units of the utility's currency, such as 500 or "500.50"."""
Whole = Annotated[int, BeforeValidator(numbers.json_whole, json_schema_input_type=int | str)]
Drn = Annotated[str, Field(max_length=40)]
Text = Annotated[str, Field(max_length=200)]
Digits = Annotated[str, Field(max_length=80)]
"""A token as it is typed."""

Search = Annotated[str, Query(max_length=100, description="Part of what is searched for.")]
After = Annotated[
    str | None, Query(max_length=200, description="`next` of the part before this one.")
]
Limit = Annotated[int, BeforeValidator(lambda value: _limit(value)), Query(ge=1, le=MOST)]
DEFAULT_LIMIT = LIMIT


def _limit(value: Any) -> int:
    return numbers.whole(value) if isinstance(value, str) else int(value)
