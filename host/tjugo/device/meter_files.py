"""The files of a meter, read by function 20: events, load profile, freezes of days and months."""

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from meterbus import client, descriptions, energy_rows
from tjugo.errors import TjugoError

_HALF_HOUR_S = 1800
_NO_INTERVAL = 0xFFFFFFFF
_UNKNOWN_TIME = 0xFFFFFFFF
_REPLY_REGISTERS = 121
_EVENTS = {code: (name, meaning) for code, name, meaning in descriptions.EVENTS}

Row = dict[str, Any]
Ask = Callable[[bytes], client.ReplyParser]


def read(ask: Ask, address: int, name: str, last: int | None = None) -> list[Row]:
    """Return the entries of the file `name`, the oldest first; of those with the newest in front
    only the `last` ones. A field that is unknown is None. Raise TjugoError.

    ask(request): the reply to a request, a ReplyParser.
    """
    number, _, entries, form, order, _ = next(row for row in descriptions.FILES if row[1] == name)
    words = struct.calcsize(form) // 2
    newest_first = order == descriptions.NEWEST_FIRST
    wanted = min(entries, last) if last is not None and newest_first else entries
    found: dict[int, bytes] = {}
    at_once = _REPLY_REGISTERS // words
    for start in range(0, wanted, at_once):
        count = min(at_once, wanted - start)
        raw = _registers(ask, address, number, start * words, count * words)
        there = [raw[at : at + 2 * words] for at in range(0, len(raw), 2 * words)]
        there = [entry for entry in there if entry.strip(b"\xff")]
        if not there and newest_first:
            break
        found |= {int.from_bytes(entry[:4], "big"): entry for entry in there}
    rows = [_ROWS[name](struct.unpack(form, found[key])) for key in sorted(found)]
    return rows[-last:] if last else rows


def _registers(ask: Ask, address: int, number: int, start: int, count: int) -> bytes:
    parser = ask(client.read_file_request(address, number, start, count))
    try:
        parser.check()
    except client.BusException as error:
        if error.code in (1, 2):
            raise TjugoError(f"The meter at address {address} has no such records.") from None
        raise TjugoError(f"The meter at address {address} refused: {error}.") from None
    return bytes(parser.data)


def _moment(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def flag_names(flags: int) -> list[str]:
    """Return the names of the flags of an entry or freeze."""
    return [name for bit, name, _ in descriptions.PROFILE_FLAGS if flags & bit]


def _event(values: tuple[int, ...]) -> Row:
    number, unix, code, count, data = values
    name, _ = _EVENTS.get(code, (f"event_{code}", ""))
    at = None if unix == _UNKNOWN_TIME else _moment(unix)
    row = {"number": number, "at": at, "code": code, "event": name, "data": data}
    return row | {"count": count}


def _start(interval: int) -> str | None:
    """Return when a half hour with its flags begins, None without time."""
    number = interval & 0xFFFFFF
    return _moment(number * _HALF_HOUR_S) if number else None


def _half_hour(values: tuple[int, ...]) -> Row:
    number, interval, wh = values
    row = {"number": number, "from": _start(interval), "wh": wh}
    return row | {"flags": flag_names(interval >> 24)}


def _freeze(values: tuple[int, ...]) -> Row:
    _, energy_wh, credit_wh, interval, most_wh, flags = values
    known = interval != _NO_INTERVAL
    return {
        "energy_wh": energy_wh,
        "credit_wh": None if credit_wh == energy_rows.NOT_ENERGY else credit_wh,
        "most_from": _start(interval) if known else None,
        "most_wh": most_wh if known else None,
        "flags": flag_names(flags),
    }


def _day(values: tuple[int, ...]) -> Row:
    return {"day": str(date(1970, 1, 1) + timedelta(days=values[0])), **_freeze(values)}


def _month(values: tuple[int, ...]) -> Row:
    return {"month": f"{values[0] // 12:04}-{values[0] % 12 + 1:02}", **_freeze(values)}


_ROWS: dict[str, Callable[[tuple[int, ...]], Row]] = {
    "events": _event,
    "profile": _half_hour,
    "days": _day,
    "months": _month,
}
