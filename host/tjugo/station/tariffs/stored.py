"""Rules as JSON: how a version is recorded, proposed and shown.

    {"v": 1, "currency": "EUR", "energy": {"kind": "flat", "rate": "0.20"}, ...}

Rates are texts or numbers; what is left out has the default of `TariffRules`. Every released form
stays readable.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal
from typing import Any

from tjugo import foreign_json, numbers
from tjugo.station.tariffs.checks import check, invalid
from tjugo.station.tariffs.model import (
    Blocks,
    Fee,
    Flat,
    Levy,
    MonthlyCharge,
    Period,
    Step,
    TariffRules,
    Tax,
    TimeOfUse,
)

FORM = 1
MOST_CHARACTERS = 100_000
_ENERGY: dict[str, type[Flat] | type[Blocks] | type[TimeOfUse]] = {
    "flat": Flat,
    "blocks": Blocks,
    "time_of_use": TimeOfUse,
}
_KIND = {made: kind for kind, made in _ENERGY.items()}


def to_json(rules: TariffRules) -> str:
    """Return the recorded form, the same text for equal rules."""
    return json.dumps({"v": FORM, **document(rules)}, separators=(",", ":"), ensure_ascii=False)


def document(rules: TariffRules) -> dict[str, Any]:
    """Return the rules as JSON values, rates as text."""
    found: dict[str, Any] = _plain(rules)
    found["energy"] = {"kind": _KIND[type(rules.energy)], **found["energy"]}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value


def from_json(text: str) -> TariffRules:
    """Return the rules of a text. Raise TjugoError (tariff_invalid) with what is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise invalid(f"The tariff has more than {MOST_CHARACTERS} characters.")
    try:
        value = foreign_json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise invalid(f"The tariff is not JSON: {str(error)[:100]}.") from error
    return from_document(value)


def from_document(value: object) -> TariffRules:
    """Return the rules of JSON values, checked. Raise TjugoError (tariff_invalid)."""
    given = dict(_mapping(value, "The tariff"))
    form = given.pop("v", FORM)
    if form != FORM:
        raise invalid(f"The tariff has the form {str(form)[:20]!r}; this program reads {FORM}.")
    rules = _made(TariffRules, given, "The tariff")
    check(rules)
    return rules


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise invalid(f"{name} must be an object with named fields.")
    return value


def _made(kind: Any, value: object, name: str) -> Any:
    """Return an object of a class of the model, each field read by _READ."""
    given = _mapping(value, name)
    readers = _READ[kind]
    for key in given:
        if key not in readers:
            raise invalid(f"{name} has no field {key[:30]!r}: {', '.join(readers)}.")
    made = {}
    for one in fields(kind):
        if one.name in given:
            label = f"{one.name!r} of {name[:1].lower()}{name[1:]}"
            made[one.name] = readers[one.name](given[one.name], label)
        elif one.default is MISSING:
            raise invalid(f"{name} needs the field {one.name!r}.")
    return kind(**made)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise invalid(f"{name} must be a text.")
    return value


def _rate(value: object, name: str) -> Decimal:
    try:
        return numbers.json_decimal(value)
    except numbers.NotANumber as error:
        raise invalid(error.sentence(name)) from error


def _whole(value: object, name: str) -> int:
    if type(value) is not int or abs(value) > 10**15:
        raise invalid(f"{name} must be a whole number.")
    return value


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false.")
    return value


_Reader = Callable[[object, str], Any]


def _or_none(read: _Reader) -> _Reader:
    return lambda value, name: None if value is None else read(value, name)


def _each(read: _Reader) -> _Reader:
    def read_all(value: object, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) > 100:
            raise invalid(f"{name} must be a list.")
        return tuple(read(one, f"{name}, number {number}") for number, one in enumerate(value, 1))

    return read_all


def _of(kind: Any) -> _Reader:
    return lambda value, name: _made(kind, value, name)


def _energy(value: object, name: str) -> Flat | Blocks | TimeOfUse:
    given = dict(_mapping(value, name))
    kind = given.pop("kind", None)
    if not isinstance(kind, str) or kind not in _ENERGY:
        raise invalid(f"The kind of {name} is one of {', '.join(_ENERGY)}.")
    made: Flat | Blocks | TimeOfUse = _made(_ENERGY[kind], given, name)
    return made


_NAMED: dict[str, _Reader] = {"code": _text, "name": _text}
_READ: dict[Any, dict[str, _Reader]] = {
    Flat: {"rate": _rate},
    Step: {"rate": _rate, "up_to_tenths": _or_none(_whole)},
    Blocks: {"steps": _each(_of(Step))},
    Period: {
        **_NAMED,
        "rate": _rate,
        "months": _each(_whole),
        "days": _each(_whole),
        "start": _text,
        "end": _text,
    },
    TimeOfUse: {"periods": _each(_of(Period))},
    MonthlyCharge: {
        **_NAMED,
        "amount": _whole,
        "since": _text,
        "tax": _or_none(_text),
        "months_at_most": _or_none(_whole),
    },
    Levy: {**_NAMED, "kind": _text, "rate": _rate, "on": _each(_text), "tax": _or_none(_text)},
    Tax: {**_NAMED, "rate": _rate},
    Fee: {**_NAMED, "amount": _whole, "tax": _or_none(_text)},
    TariffRules: {
        "currency": _text,
        "energy": _energy,
        "energy_tax": _or_none(_text),
        "charges": _each(_of(MonthlyCharge)),
        "levies": _each(_of(Levy)),
        "taxes": _each(_of(Tax)),
        "service_fee": _or_none(_of(Fee)),
        "order": _each(_text),
        "units_rounding": _text,
        "least": _or_none(_whole),
        "most": _or_none(_whole),
        "most_tenths": _or_none(_whole),
        "free_tenths_per_month": _whole,
        "free_with_sale": _flag,
        "debt_share_most": _whole,
        "energy_may_be_nothing": _flag,
    },
}
