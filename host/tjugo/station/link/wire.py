"""What goes over MQTT (docs/wire.md): topics and payloads to objects and back. No I/O.

Everything that comes in is checked: a collector is a stranger until proved otherwise.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

U32 = 0xFFFFFFFF
SUBSCRIPTIONS = ("sts/+/status", "sts/+/about", "sts/+/+/state", "sts/+/+/ack")


@dataclass(frozen=True)
class Message:
    """To be published with QoS 1."""

    topic: str
    payload: bytes


@dataclass(frozen=True)
class CollectorStatus:
    collector_id: str
    online: bool


@dataclass(frozen=True)
class CollectorAbout:
    """version: of its firmware. crash: its last crash report, None without one."""

    collector_id: str
    version: str | None
    crash: str | None


@dataclass(frozen=True)
class Ack:
    """state: `stored`, `done` (with result: a TokenResult code) or `refused` (with why)."""

    collector_id: str
    drn: str
    ref: int
    state: str
    result: int | None = None
    why: str | None = None


@dataclass(frozen=True)
class Reading:
    """values: the columns of meter_reading that the payload gave."""

    collector_id: str
    drn: str
    at: datetime | None
    online: bool
    values: dict[str, int | bool | str | None]


Incoming = CollectorStatus | CollectorAbout | Ack | Reading

_INTEGERS = {
    "energy_wh": (0, U32),
    "credit_wh": (-(2**40), 2**40),
    "power_w": (-(2**31), 2**31),
    "control_state": (0, 0xFFFF),
    "open_reasons": (0, 0xFFFF),
    "token_result": (0, 0xFFFF),
    "sequence": (0, U32),
}
_BOOLEANS = ("cover_open", "relay_closed")
_TEXTS = ("fault", "crash")
_ACK_STATES = ("stored", "done", "refused")


def command(collector_id: str, drn: str, ref: int, digits: str) -> Message:
    """Asks a collector to bring a token to a meter."""
    return _message(collector_id, drn, {"id": ref, "token": digits})


def forget(collector_id: str, drn: str, ref: int) -> Message:
    """Tells a collector that its `done` is recorded."""
    return _message(collector_id, drn, {"id": ref, "forget": True})


def _message(collector_id: str, drn: str, payload: dict[str, Any]) -> Message:
    return Message(f"sts/{collector_id}/{drn}/cmd", json.dumps(payload).encode())


def parse(topic: str, payload: bytes) -> Incoming | None:
    """The meaning of a message; None when it has none that this station understands."""
    parts = topic.split("/")
    if len(parts) == 3 and parts[0] == "sts" and parts[2] == "status":
        return _status(parts[1], payload)
    fields = _object(payload)
    if fields is None or parts[0] != "sts":
        return None
    if len(parts) == 3 and parts[2] == "about":
        version, crash = _text(fields.get("version")), _text(fields.get("crash"))
        return CollectorAbout(parts[1], version, crash)
    if len(parts) != 4 or parts[3] not in ("state", "ack"):
        return None
    reader = _reading if parts[3] == "state" else _ack
    return reader(parts[1], parts[2], fields)


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _status(collector_id: str, payload: bytes) -> CollectorStatus | None:
    if payload not in (b"online", b"offline"):
        return None
    return CollectorStatus(collector_id, payload == b"online")


def _ack(collector_id: str, drn: str, fields: dict[str, Any]) -> Ack | None:
    ref = _integer(fields.get("id"), 1, U32)
    state = fields.get("state")
    if ref is None or state not in _ACK_STATES:
        return None
    if state == "done":
        result = _integer(fields.get("result"), 0, 0xFFFF)
        return None if result is None else Ack(collector_id, drn, ref, state, result)
    return Ack(collector_id, drn, ref, state, why=_text(fields.get("why")))


def _reading(collector_id: str, drn: str, fields: dict[str, Any]) -> Reading:
    values: dict[str, int | bool | str | None] = {
        name: _integer(fields.get(name), *limits) for name, limits in _INTEGERS.items()
    }
    for name in _BOOLEANS:
        value = fields.get(name)
        values[name] = value if isinstance(value, bool) else None
    for name in _TEXTS:
        values[name] = _text(fields.get(name))
    at = _integer(fields.get("at"), 0, 2**33)
    return Reading(
        collector_id,
        drn,
        None if at is None else datetime.fromtimestamp(at, UTC),
        fields.get("online") is True,
        values,
    )


def _text(value: Any) -> str | None:
    # JSON can name half a surrogate pair, which no database takes.
    if not isinstance(value, str):
        return None
    return value[:200].encode("utf-8", "replace").decode("utf-8")


def _integer(value: Any, low: int, high: int) -> int | None:
    # bool is an int in Python; on the wire it is not.
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    return None
