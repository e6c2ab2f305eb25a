"""One row of a batch: the columns, and the conversion of its cells to a request.

The columns are documented in docs/batch.md.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sts_portable import tid, vendor
from tjugo import drn, numbers
from tjugo.errors import TjugoError
from tjugo.key_register import FIELDS, VendingKey, value
from tjugo.sts.explain.key import KeyQuestion
from tjugo.sts.explain.sale import parse_moment, parse_units

KEY_COLUMNS = (
    "drn", "pan", "dkga", "variant", "ea", "sgc", "kt", "krn", "ti", "ken", "bdt",
)  # fmt: skip
NEW_COLUMNS = ("new_dkga", "new_sgc", "new_kt", "new_krn", "new_ti", "new_ken", "new_bdt")
SECRET_COLUMNS = ("key", "vk", "new_key", "new_vk")
TOKEN_COLUMNS = ("token", "units", "tid", "time", "last_tid", "rnd", "fields", "ro", "kct3")
FREE_COLUMNS = ("ref", "note")
RESULT_COLUMNS = ("read_as", "token_1", "token_2", "token_3", "token_4", "warning", "error")
COLUMNS = {
    *KEY_COLUMNS, *NEW_COLUMNS, *SECRET_COLUMNS, *TOKEN_COLUMNS, *FREE_COLUMNS, *RESULT_COLUMNS,
}  # fmt: skip

KEY_CHANGE = "key-change"
REGISTER = ("sgc", "kt", "krn")  # identifies a vending key
_KEY_SECTIONS = (3, 4, 8, 9)
_MOST_SUBCLASS = 15
_KIND = re.compile(r"([0-2])/([0-9]{1,2})", re.A)
_FROM_FILE = ("dkga", "bdt", "ken")

Keys = Mapping[tuple[int, int, int], VendingKey]
_NOTHING = KeyQuestion()


@dataclass(frozen=True)
class Habits:
    """How numbers are written in a file. long_drns: its meter numbers have 13 digits, or 12 with
    a zero lost, so that a shorter one may have lost more of them."""

    style: numbers.Style = numbers.PEOPLE
    long_drns: bool = False


_PEOPLE = Habits()


@dataclass(frozen=True)
class Request:
    """A parsed row, without the derived key.

    question identifies the key; meter is the MeterPAN, or the decoder key if the MeterPAN is
    unknown; tid is None if the token has none.
    """

    cls: int
    subclass: int
    question: KeyQuestion
    meter: str
    tid: int | None
    rnd: int
    cells: Mapping[str, str]
    style: numbers.Style

    @property
    def units(self) -> int:
        """The amount in the smallest units of its subclass, not 0. Raises TjugoError."""
        found = parse_units(self.cells.get("units", ""), self.subclass, self.style)
        if not found:
            raise TjugoError("The amount is 0: there is nothing to credit.")
        return found


class Tids:
    """The TIDs allocated to each meter in a batch. now: current minutes since a base date."""

    def __init__(self, now: Callable[[str], int]) -> None:
        self._now = now
        self._last: dict[tuple[str, str], int] = {}
        self._given: set[tuple[str, str, int]] = set()

    def take(self, meter: str, bdt: str, cells: Mapping[str, str]) -> int:
        """Return the TID of a row: the given one, or the next free one for its time or for now.

        Raise TjugoError or StsError.
        """
        of = (meter, bdt)
        given = cells.get("tid", "")
        if given:
            number = _number("tid", given, 1, tid.MAX_TID)
        else:
            last = [self._last.get(of), _optional("last_tid", cells, tid.MAX_TID)]
            minute = self.minute(bdt, cells)
            number = vendor.allocate(max((n for n in last if n is not None), default=None), minute)
        if (*of, number) in self._given:
            raise TjugoError(f"TID {number} is used for this meter by a row above.")
        self._given.add((*of, number))
        self._last[of] = max(number, self._last.get(of, 0))
        return number

    def minute(self, bdt: str, cells: Mapping[str, str]) -> int:
        """Return the minute of a row since a base date: its own time or now. Raises TjugoError."""
        moment = cells.get("time", "")
        return parse_moment(moment, bdt) if moment else self._now(bdt)


def understand(
    cells: Mapping[str, str],
    keys: Keys,
    tids: Tids,
    randbelow: Callable[[int], int],
    habits: Habits = _PEOPLE,
) -> Request:
    """Return the request of a row. Raise TjugoError or StsError if the row is invalid."""
    cells = {**cells, "drn": _full_drn(cells.get("drn", ""), habits)}
    cls, subclass = _kind(cells.get("token") or "0/0")
    if cls == 1:
        return Request(cls, subclass, KeyQuestion(), "", None, 0, cells, habits.style)
    question = key_question(cells, keys)
    meter = _meter(question)
    has_tid = not (cls == 2 and (subclass < 0 or subclass in _KEY_SECTIONS))
    rnd = cells.get("rnd", "")
    return Request(
        cls,
        subclass,
        question,
        meter,
        tids.take(meter, question.bdt, cells) if has_tid else None,
        _number("rnd", rnd, 0, 15) if rnd else randbelow(16),
        cells,
        habits.style,
    )


def _kind(text: str) -> tuple[int, int]:
    """Return class and subclass, (2, -1) for a whole key change."""
    if text == KEY_CHANGE:
        return 2, -1
    found = _KIND.fullmatch("0/0" if text == "credit" else text)
    if not found or int(found[2]) > _MOST_SUBCLASS:
        raise TjugoError(f"token must be credit, {KEY_CHANGE} or class/subclass, not {text!r}.")
    return int(found[1]), int(found[2])


def _full_drn(cell: str, habits: Habits) -> str:
    if not cell:
        return ""
    found = drn.readings(cell)
    if len(found) > 1 and habits.long_drns:
        raise TjugoError(f"{cell} {drn.either(found)}.")
    return found[0]


def _meter(question: KeyQuestion) -> str:
    """Return the identity of the meter for the allocation of TIDs."""
    if question.pan or question.drn:
        return question.meter_pan()
    return question.key.lower()


def key_question(
    cells: Mapping[str, str], keys: Keys, given: KeyQuestion | None = None
) -> KeyQuestion:
    """Return the key parameters in the cells, with missing ones from `given`."""
    values: dict[str, Any] = {}
    for name in (*KEY_COLUMNS, "key", "vk"):
        cell = cells.get(name, "")
        if cell:
            values[name] = value(name, cell) if name in FIELDS else cell
    base = given or _NOTHING
    if not any(values.get(name) or getattr(base, name) for name in ("key", "vk")):
        sgc, kt, krn = (values.get(name, getattr(base, name)) for name in REGISTER)
        values |= _from_file(
            keys.get((sgc, kt, krn)), f"SGC {sgc:06d}, KT {kt}, KRN {krn}", values
        )
    return replace(base, **values)


def _from_file(found: VendingKey | None, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a vending key. Raise TjugoError if the row contradicts them."""
    if found is None:
        raise TjugoError(f"There is no vending key for {name}.")
    for part in _FROM_FILE:
        if part in given and given[part] != getattr(found, part):
            raise TjugoError(f"The vending key has {part} {getattr(found, part)}.")
    return {"vk": found.vk, **{part: getattr(found, part) for part in _FROM_FILE}}


def _number(name: str, text: str, low: int, high: int) -> int:
    try:
        number = numbers.whole(text)
        if low <= number <= high:
            return number
    except numbers.NotANumber:
        pass
    raise TjugoError(f"{name} must be a number from {low} to {high}, not {text!r}.")


def _optional(name: str, cells: Mapping[str, str], most: int) -> int | None:
    text = cells.get(name, "")
    return _number(name, text, 0, most) if text else None
