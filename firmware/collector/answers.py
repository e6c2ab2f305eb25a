"""What the collector answers to a command, in the words of the uplink. No I/O."""

from meterbus import frame
from uplink import codec, kinds

from .jobs.store import BUS_REFUSED, DAMAGED
from .jobs.table import STORED


def refused(ref, why):
    """Return the answer to a command that cannot be taken. ref: None if it had no usable one."""
    return codec.encode("ack", {"ref": ref, "state": kinds.REFUSED, "why": why})


def _reason(result):
    """Return why a job ended without a TokenResult; None if it has one."""
    if result == DAMAGED:
        return "the job was damaged on the collector's flash; the meter may have the token or not"
    if result >= BUS_REFUSED:
        code = result - BUS_REFUSED
        return "the meter does not take tokens: " + frame.EXCEPTIONS.get(code, str(code))
    return None


def acknowledgement(job):
    """Return the acknowledgement of a job in the state it is in."""
    if job.state == STORED:
        return codec.encode("ack", {"ref": job.id, "state": kinds.STORED})
    why = _reason(job.result)
    if why:
        return refused(job.id, why)
    done = {"ref": job.id, "state": kinds.DONE, "result": job.result, "at": job.at}
    return codec.encode("ack", done)
