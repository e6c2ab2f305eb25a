"""The key register in the bodies of requests."""

from typing import Annotated, Any

from pydantic import Field, StrictInt, StrictStr, create_model

from tjugo.key_register import FIELDS, written
from tjugo.web.api.fields import RequestBody

Value = StrictInt | Annotated[StrictStr, Field(max_length=10)]


class _Given(RequestBody):
    def given(self) -> dict[str, Any]:
        """Return the fields that the body contains."""
        return self.model_dump(exclude_none=True)


def _field(name: str) -> Any:
    field = FIELDS[name]
    default = written(name, field.default)
    return (
        Value | None,
        Field(None, description=f"{field.title}; a number or its digits", examples=[default]),
    )


# One field for each of the key register's, so that the interface describes what the station has.
RegisterBody: Any = create_model(
    "RegisterBody", __base__=_Given, **{name: _field(name) for name in FIELDS}
)
