"""Plain sentences about the fields of a request that are not valid."""

from typing import Any

from tjugo.numbers import NotANumber

# Fields with a name for people, where a sentence begins with it.
_NAMES = {
    "kwh": "The amount",
    "amount": "The amount",
    "drn": "The meter number",
    "name": "The name",
    "phone": "The telephone number",
    "address": "The address",
    "account_no": "The account number",
    "collector_id": "The collector",
    "status": "The status",
    "limit": "The limit",
    "search": "The search",
}
# Errors of the body as a whole.
_WHOLE = {
    "json_invalid": "The request is not JSON.",
    "model_attributes_type": "The request is not a JSON object.",
    "string_unicode": "The request has a text that is not valid Unicode.",
    "missing": "The body of the request is missing.",
}
# pydantic's errors by type: the predicate of the sentence, with pydantic's values. The schema's
# limits and types are those of tjugo/web/api.
_PREDICATES = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be a text",
    "string_unicode": "must be a text of valid Unicode characters",
    "nul": "has a NUL character, which no text may have",
    "string_too_long": "has at most {max_length} characters",
    "string_too_short": "has at least {min_length} characters",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "has too many digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "too_long": "has at most {max_length} items",
    "dict_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
}
_OTHER = "is not valid"
_WHOLE_OTHER = "The request is not valid."
_MEMBERS = ("str", "int", "constrained-str")  # of a union, as pydantic names them


def sentence_of(error: dict[str, Any]) -> str:
    """Return the sentence about one error of pydantic, an item of errors()."""
    context = error.get("ctx", {})
    kind, where = error["type"], _path(error["loc"])
    if kind in _WHOLE and (not where or kind == "json_invalid"):
        return _WHOLE[kind]
    if not where:
        return _WHOLE_OTHER
    name = f"The field {where}"
    if kind != "extra_forbidden":
        name = _NAMES.get(where, name)
    reason = context.get("error")
    if isinstance(reason, NotANumber):
        return f"{name} {reason}."
    return f"{name} {_PREDICATES.get(kind, _OTHER).format(**context)}."


def _path(loc: tuple[int | str, ...]) -> str:
    """Return the path of a field, without the part of the request and pydantic's own names."""
    parts = [str(part) for part in loc[1:]]
    if len(parts) > 1 and parts[-1] in _MEMBERS:
        parts.pop()
    return ".".join(parts)
