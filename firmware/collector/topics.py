"""MQTT topics and JSON payloads of the collector, as docs/wire.md says. No I/O.

Whatever comes in is understood or answered with a sentence; nothing raises but CommandError.
"""

import json

from meterbus import frame, registers

from .jobs.store import BUS_REFUSED, DAMAGED
from .jobs.table import STORED

ONLINE = "online"
OFFLINE = "offline"

MAX_COMMAND = 512  # bytes of a command that are read; a longer one is refused

_MAX_ID = 0xFFFFFFFF

# Keys of a reading that are registers of the same name. credit_wh and the bits are made below.
_PLAIN = ("energy_wh", "power_w", "control_state", "open_reasons", "token_result", "sequence")


class CommandError(Exception):
    """A command that cannot be taken. `job_id` is its id, None if it has no usable one."""

    def __init__(self, why, job_id=None):
        super().__init__(why)
        self.job_id = job_id


class Topics:
    """The names under `sts/<collector>/`."""

    def __init__(self, collector):
        self._root = f"sts/{collector}/"
        self.status = self._root + "status"
        self.about = self._root + "about"
        self.commands = self._root + "+/cmd"

    def ack(self, drn):
        """Where a command to this meter is answered."""
        return f"{self._root}{drn}/ack"

    def state(self, drn):
        """Where this meter's readings are kept."""
        return f"{self._root}{drn}/state"

    def command_drn(self, topic):
        """The DRN in the topic of a command, or None if it is another topic."""
        parts = topic[len(self._root) :].split("/")
        if topic.startswith(self._root) and len(parts) == 2 and parts[1] == "cmd":
            return parts[0]
        return None


def parse_command(payload):
    """Payload of a command, None if it was too long -> (id, token), or (id, None) to forget.

    Raises CommandError.
    """
    if payload is None:
        raise CommandError(f"a command has at most {MAX_COMMAND} bytes")
    try:
        command = json.loads(payload)
    except (ValueError, TypeError, RuntimeError):  # RuntimeError: nested too deeply
        raise CommandError("the command is not JSON")
    if not isinstance(command, dict):
        raise CommandError("the command is not a JSON object")
    job_id = command.get("id")
    if not isinstance(job_id, int) or isinstance(job_id, bool) or not 1 <= job_id <= _MAX_ID:
        raise CommandError("id must be a number from 1 to 4294967295")
    if command.get("forget") is True:
        return job_id, None
    token = command.get("token")
    if not isinstance(token, str) or len(token) != 20 or not is_digits(token):
        raise CommandError("token must be 20 digits", job_id)
    return job_id, token


def is_digits(text):
    """True if `text` is ASCII digits only, and not empty."""
    for char in text:
        if not "0" <= char <= "9":
            return False
    return bool(text)


def refused(job_id, why):
    """Answer to a command that cannot be taken."""
    return json.dumps({"id": job_id, "state": "refused", "why": why})


def _reason(result):
    """Why a job ended without a TokenResult; None if it has one."""
    if result == DAMAGED:
        return "the job was damaged on the collector's flash; the meter may have the token or not"
    if result >= BUS_REFUSED:
        code = result - BUS_REFUSED
        return "the meter does not take tokens: " + frame.EXCEPTIONS.get(code, str(code))
    return None


def acknowledgement(job):
    """What the station is told about a job in the state it is in."""
    if job.state == STORED:
        return json.dumps({"id": job.id, "state": "stored"})
    why = _reason(job.result)
    if why:
        return refused(job.id, why)
    return json.dumps({"id": job.id, "state": "done", "result": job.result, "at": job.at})


def about(version, crash):
    """What the collector says of itself. crash: of the last one in words, "" if there was none."""
    return json.dumps({"version": version, "crash": crash or None})


def reading(data, online, at, fault="", crash=""):
    """A meter's state. `data`: the registers of a poll, or None if it never answered.

    at: UTC seconds of the poll or None. fault: why it is offline; crash: its crash report. Values
    that are not known are null.
    """
    values = registers.decode(registers.STATE_START, data) if data else {}
    state = {"at": at, "online": online, "fault": fault or None, "crash": crash or None}
    state["credit_wh"] = None
    for key in _PLAIN:
        state[key] = values.get(key)
    if data:
        state["credit_wh"] = 10 * values["credit"]
    status = values.get("status")
    for key, bit in (
        ("cover_open", registers.STATUS_COVER_OPEN),
        ("relay_closed", registers.STATUS_RELAY_CLOSED),
    ):
        state[key] = None if status is None else bool(status & bit)
    return json.dumps(state)
