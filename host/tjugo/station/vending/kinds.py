"""The kinds of engineering tokens, as a table: what each does, its value, and whether a second
person must approve it."""

from dataclasses import dataclass
from typing import Any

from sts_portable import amount, fields, meaning
from sts_portable.layouts import FLAG_INDEX
from tjugo import drn as drn_numbers
from tjugo.errors import TjugoError, reason

CLEAR_ALL = 0xFFFF
ALWAYS, NEVER, ABOVE = "always", "never", "above"


@dataclass(frozen=True)
class Kind:
    """A kind of engineering token.

    value: the name of its number ("" none), least and most its limits, default the number that is
    used when none is given; index: the limits of its register index or flag number. approval:
    `always`, `never`, or `above` the limit that the meter reports. test: of class 1, the number.
    """

    title: str
    token_class: int
    subclass: int
    value: str = ""
    least: int = 0
    most: int = 0xFFFF
    default: int | None = None
    index: range | None = None
    approval: str = NEVER
    test: int | None = None


def _test(title: str, number: int) -> Kind:
    return Kind(title, 1, 0, test=number)


def _limit(title: str, subclass: int, approval: str = NEVER) -> Kind:
    return Kind(title, 2, subclass, "W", 1, amount.MAX_TENTHS, approval=approval)


KINDS: dict[str, Kind] = {
    "clear_credit": Kind("Clear credit", 2, 1, "register", default=CLEAR_ALL, approval=ALWAYS),
    "clear_tamper": Kind("Clear tamper", 2, 5, approval=ALWAYS),
    "power_limit": _limit("Maximum power limit", 0, ABOVE),
    "phase_unbalance": _limit("Maximum phase power unbalance limit", 6),
    "tariff_rate": Kind("Set tariff rate", 2, 2, "rate index"),
    "water_factor": Kind("Set water meter factor", 2, 7, "factor"),
    "set_flag": Kind(
        "Set a flag (extended set)", 2, 10, "state", 0, 1, index=range(512), approval=ALWAYS
    ),
    "set_register": Kind(
        "Set a register (extended set)",
        *(2, 10, "data", 0, 1023),
        index=range(FLAG_INDEX),
        approval=ALWAYS,
    ),
    "test_all": _test("All tests and displays", 0),
    "test_breaker": _test("Test the load switch", 1),
    "test_display": _test("Test the display", 2),
    "display_total": _test("Display the total of kWh", 3),
    "display_krn": _test("Display KRN", 4),
    "display_ti": _test("Display TI", 5),
    "test_reader": _test("Test the token reader", 6),
    "display_power_limit": _test("Display the maximum power limit", 7),
    "display_tamper": _test("Display the tamper status", 8),
    "display_power": _test("Display the instantaneous power", 9),
    "display_version": _test("Display the software version", 10),
    "display_phase_unbalance": _test("Display the phase power unbalance limit", 11),
    "display_water_factor": _test("Display the water meter factor", 12),
    "display_tariff_rate": _test("Display the tariff rate", 13),
    "display_ea": _test("Display the EA code", 14),
    "display_key_changes": _test("Display the number of key change tokens supported", 15),
    "display_sgc": _test("Display SGC", 16),
    "display_ken": _test("Display KEN", 17),
    "display_drn": _test("Display the meter number", 18),
    "read_register": Kind("Read a register (extended set)", 1, 2, index=range(FLAG_INDEX + 1)),
}

_REGISTERS = tuple(meaning.REGISTERS)


def kind_of(name: str) -> Kind:
    """Return a kind by its name. Raise TjugoError."""
    kind = KINDS.get(name)
    if kind is None:
        raise reason("engineering_invalid", f"There is no engineering token {name[:40]!r}.")
    return kind


def checked(name: str, value: int | None, index: int | None) -> dict[str, Any]:
    """Return what is requested as it is recorded: kind, and value and index where the kind has
    them. Raise TjugoError for values that it does not take."""
    kind = kind_of(name)
    asked: dict[str, Any] = {"kind": name}
    if kind.value:
        asked["value"] = kind.default if value is None else value
        if asked["value"] is None or not kind.least <= asked["value"] <= kind.most:
            raise _invalid(kind, f"{kind.value} from {kind.least} to {kind.most}")
        if name == "clear_credit" and asked["value"] not in _REGISTERS:
            raise _invalid(kind, f"register: 0 to 7, or {CLEAR_ALL} for all")
    elif value is not None:
        raise _invalid(kind, "no value")
    if kind.index is not None:
        if index not in kind.index:
            raise _invalid(kind, f"index from {kind.index[0]} to {kind.index[-1]}")
        asked["index"] = index
    elif index is not None:
        raise _invalid(kind, "no index")
    return asked


def _invalid(kind: Kind, takes: str) -> TjugoError:
    return reason("engineering_invalid", f"{kind.title} takes {takes}.")


def values_of(asked: dict[str, Any]) -> dict[str, int]:
    """Return the fields of a class 2 token, as TokenBackend.issue_mse_token takes them."""
    value = int(asked.get("value", 0))
    if asked["kind"] == "set_flag":
        return {"index": FLAG_INDEX, "flag": int(asked["index"]), "state": value}
    if asked["kind"] == "set_register":
        return {"index": int(asked["index"]), "data": value}
    kind = kind_of(str(asked["kind"]))
    row = fields.row(2, kind.subclass)
    assert row is not None and row[2] is not None
    return {row[2][0]: value} if kind.value else {}


def test_of(asked: dict[str, Any], drn: str | None) -> tuple[int, int]:
    """Return subclass and test number (or register index) of a class 1 token. It is for meters of
    every manufacturer; those whose code has 4 digits have DRNs of 13 digits."""
    kind = kind_of(str(asked["kind"]))
    if kind.test is None:
        return kind.subclass, int(asked["index"])
    return int(drn is not None and len(drn) == drn_numbers.LONG), kind.test


def described(asked: dict[str, Any]) -> str:
    """Return what is requested in words, for approvals and lists."""
    kind = KINDS.get(str(asked.get("kind")))
    if kind is None:
        return str(asked.get("kind", "")).replace("_", " ")
    index, value = asked.get("index"), asked.get("value")
    if asked["kind"] == "clear_credit":
        return f"{kind.title}: {meaning.REGISTERS.get(int(asked['value']), '')}"
    if asked["kind"] == "set_flag":
        name = meaning.FLAGS.get(int(asked["index"]), "")
        return f"{kind.title}: flag {index} ({name or 'of the manufacturer'}) = {value}"
    more = [f"register {index}"] if index is not None else []
    more += [f"{value} W" if kind.value == "W" else f"{kind.value} {value}"] if kind.value else []
    return f"{kind.title}: {', '.join(more)}" if more else kind.title


def needs_meter(kind: Kind) -> TjugoError:
    """Return the error of a token of class 2 without a meter."""
    return reason("engineering_invalid", f"{kind.title} is made for one meter: give its number.")
