"""Conversion between messages and objects, by the tables of `uplink`. No I/O.

Everything received is checked: collectors are not trusted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tjugo.station.delivery.jobs import Ack, Job, Proof
from tjugo.station.readings.columns import columns
from tjugo.station.readings.intake import CollectorAbout, CollectorStatus, Reading
from uplink import codec, kinds, messages, topics

_LONGEST_DRN = 13
# What a collector of earlier firmware reports of a meter whose credit is money: in Wh, ten times
# the register's value.
_OLD_NOT_ENERGY = 10 * messages.NOT_ENERGY


@dataclass(frozen=True)
class Message:
    """A message to be published with QoS 1. name: of a row of uplink.topics; drn: "" for the
    collector."""

    name: str
    collector_id: str
    drn: str
    payload: bytes

    def topic(self, tenant_id: int) -> str:
        """Return the topic of this message to a collector of this tenant."""
        return str(topics.build(self.name, tenant_id, self.collector_id, self.drn))


@dataclass(frozen=True)
class EchoReply:
    """A reply to an echo. nonce: of the echo that the collector received."""

    collector_id: str
    nonce: int


Incoming = CollectorStatus | CollectorAbout | EchoReply | Ack | Reading


def subscriptions(tenant_id: int) -> list[str]:
    """Return the topic filters of all that collectors of this tenant publish."""
    return list(topics.filters(topics.UP, tenant_id))


def command(job: Job) -> Message:
    """Return the command to enter a job's token, or to pass on its order."""
    values: dict[str, Any] = {"ref": job.ref, "order" if job.order else "token": job.digits}
    values["expires"] = int(job.expires.timestamp())
    if job.again:
        values["again"] = True
    return _message("cmd", job.collector_id, job.drn, values)


def forget(collector_id: str, drn: str, ref: int) -> Message:
    """Return the command that removes a job from the collector: its result is recorded."""
    return _message("cmd", collector_id, drn, {"ref": ref, "forget": True})


def echo(collector_id: str, nonce: int) -> Message:
    """Return the echo to a collector, which replies with the nonce. nonce: u32."""
    return _message("echo", collector_id, "", {"nonce": nonce})


def _message(name: str, collector_id: str, drn: str, values: dict[str, Any]) -> Message:
    text: str = codec.encode(topics.row(name)[topics.MESSAGE], values)
    return Message(name, collector_id, drn, text.encode())


def parse(topic: str, payload: bytes, tenant_id: int) -> Incoming | None:
    """Return a message as an object; None when it has no meaning for this tenant."""
    found = topics.parse(topic)
    if found is None or found[1] != tenant_id:
        return None
    name, _, collector_id, drn = found
    if len(drn) > _LONGEST_DRN:
        return None  # the inbox keeps a DRN with each message: thousands of long ones fill it
    if name == "status":
        return _status(collector_id, payload)
    if name not in _READERS:
        return None
    try:
        given = codec.fields(payload)
    except codec.MessageError:
        return None
    fields = codec.decode(topics.row(name)[topics.MESSAGE], given)
    return _READERS[name](collector_id, drn, fields)


def _status(collector_id: str, payload: bytes) -> CollectorStatus | None:
    state = kinds.clean("connection", payload.decode("ascii", "replace"))
    return None if state is None else CollectorStatus(collector_id, state == kinds.ONLINE)


def _about(collector_id: str, _drn: str, fields: dict[str, Any]) -> CollectorAbout:
    return CollectorAbout(collector_id, fields["version"], fields["crash"])


def _echo_reply(collector_id: str, _drn: str, fields: dict[str, Any]) -> EchoReply | None:
    nonce = fields["nonce"]
    return None if nonce is None else EchoReply(collector_id, nonce)


def _ack(collector_id: str, drn: str, fields: dict[str, Any]) -> Ack | None:
    ref, state, result = fields["ref"], fields["state"], fields["result"]
    order = fields["order"] is True
    if ref is None or state is None:
        return None
    if state == kinds.DONE:
        proof = _proof(fields)
        made = Ack(collector_id, drn, ref, state, result, proof=proof, order=order)
        return None if result is None else made
    return Ack(collector_id, drn, ref, state, why=fields["why"], order=order)


def _proof(fields: dict[str, Any]) -> Proof | None:
    credit_wh = 0 if fields["order"] is True else fields["credit_wh"]  # an order gives none
    found = credit_wh, fields["sequence"], fields["mac"]
    return None if None in found else Proof(*found)


def _reading(collector_id: str, drn: str, fields: dict[str, Any]) -> Reading:
    values = {column: fields[name] for column, name, _ in columns("state")}
    at, online = values.pop("at"), values.pop("online")
    if values["credit_wh"] == _OLD_NOT_ENERGY:
        values["credit_wh"] = None
    _unknown_bits(values)
    moment = None if at is None else datetime.fromtimestamp(at, UTC)
    return Reading(collector_id, drn, moment, online is True, values)


def _unknown_bits(values: dict[str, Any]) -> None:
    """Set bits of the status that a meter cannot tell to None: a collector of earlier firmware
    reports them as false."""
    safe, damaged = values["safe_mode"] is True, values["ledger_fault"] is True
    for row in messages.STATE:
        column, rule = row[messages.NAME], row[messages.NULL]
        if values.get(column) is False and codec.unknown_unset(rule, safe, damaged):
            values[column] = None


_READERS: dict[str, Callable[[str, str, dict[str, Any]], Incoming | None]] = {
    "about": _about,
    "echo_reply": _echo_reply,
    "ack": _ack,
    "state": _reading,
}
