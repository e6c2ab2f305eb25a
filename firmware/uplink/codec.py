"""Conversion of messages to and from JSON, by the tables of messages.py."""

import json

from meterbus import codes, status_bits

from . import messages
from .kinds import KINDS, clean

MAX_COMMAND = 512  # bytes of a message that a collector reads; a longer one is refused


class MessageError(Exception):
    """A message is invalid. `ref` is that of its job, None if the message has no valid one."""

    def __init__(self, why, ref=None):
        super().__init__(why)
        self.ref = ref


def fields(payload):
    """Return the dict of a JSON object. Raise MessageError if the payload is not one.

    payload: bytes, or None if the message was longer than MAX_COMMAND.
    """
    if payload is None:
        raise MessageError(f"a command has at most {MAX_COMMAND} bytes")
    try:
        found = json.loads(payload)
    except (ValueError, TypeError, RuntimeError):  # RuntimeError: nested too deeply
        raise MessageError("the message is not JSON")
    if not isinstance(found, dict):
        raise MessageError("the message is not a JSON object")
    return found


def decode(name, given):
    """Return {field: value} of a message; a missing field or one of the wrong kind is None."""
    return {
        row[messages.NAME]: clean(row[messages.KIND], given.get(row[messages.NAME]))
        for row in messages.MESSAGES[name]
    }


def encode(name, values):
    """Return the JSON text of a message. Unknown values are null, or left out where permitted."""
    found = {}
    for row in messages.MESSAGES[name]:
        value = clean(row[messages.KIND], values.get(row[messages.NAME]))
        if value is not None or row[messages.NULL] != messages.LEFT_OUT:
            found[row[messages.NAME]] = value
    return json.dumps(found)


def command(payload):
    """Return the fields of a command: ref, and token, order or forget. Raise MessageError.

    forget and again are True or None; expires is None if the command has none of its own.
    """
    given = fields(payload)
    found = decode("cmd", given)
    ref = found["ref"]
    if ref is None:
        raise MessageError(f"ref must be {KINDS['ref'][2]}")
    if found["forget"]:
        return found
    if found["order"] is None and given.get("order") is not None:
        raise MessageError(f"order must be {KINDS['order'][2]}", ref)
    if found["order"] and given.get("token") is not None:
        raise MessageError("a command has a token or an order", ref)
    if found["token"] is None and found["order"] is None:
        raise MessageError(f"token must be {KINDS['token'][2]}", ref)
    if found["expires"] is None and given.get("expires") is not None:
        raise MessageError(f"expires must be {KINDS['time'][2]}, or null", ref)
    return found


def nonce(payload):
    """Return the nonce of an echo. Raise MessageError."""
    found = decode("echo", fields(payload))["nonce"]
    if found is None:
        raise MessageError(f"nonce must be {KINDS['u32'][2]}")
    return found


def instance(payload):
    """Return the instance in a message `about`, None if it has no usable one."""
    try:
        return decode("about", fields(payload))["instance"]
    except MessageError:
        return None


def reading(registers, online, at, fault="", crash=""):
    """Return the JSON text of a meter's state.

    registers: {register: value} of what was read; a missing register is unknown. at: UTC seconds
    of the reading, or None. fault: why the meter is offline, crash: its crash report, or "".
    """
    status = registers.get("status")
    values = {
        "at": at,
        "online": online,
        "fault": fault or _fault(status or 0) or None,
        "crash": crash or None,
    }
    safe = bool((status or 0) & codes.STATUS_SAFE)
    damaged = bool((status or 0) & codes.STATUS_LEDGER_FAULT)
    for row in messages.STATE:
        value = registers.get(row[messages.SOURCE])
        if value is None or (damaged and row[messages.NULL] == messages.LEDGER):
            continue
        if row[messages.SOURCE] == "credit" and value == messages.NOT_ENERGY:
            continue  # it is money
        bit = row[messages.KIND] == "bool"
        argument = row[messages.ARGUMENT]
        if bit and not value & argument and unknown_unset(row[messages.NULL], safe, damaged):
            continue
        values[row[messages.NAME]] = bool(value & argument) if bit else value * argument
    return encode("state", values)


def unknown_unset(rule, safe, damaged):
    """Return True if a bit of `status` that is not set is unknown.

    rule: its null rule. safe: the safe application runs. damaged: the ledger is at fault.
    """
    return (safe and rule in (messages.SAFE, messages.HELD)) or (damaged and rule == messages.HELD)


def _fault(status):
    """Return the most severe fault in the status bits, or ""."""
    for name in messages.FAULTS:
        if status & messages.bit_of(status_bits.STATUS, name):
            return name.replace("_", " ")
    return ""
