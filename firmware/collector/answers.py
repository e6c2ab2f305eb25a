"""What the collector answers to a command, in the words of the uplink. No I/O."""

from meterbus import client, registers
from uplink import codec, kinds, messages

from .jobs.store import BUS_REFUSED, DAMAGED, EXPIRED, NO_RESULT
from .jobs.table import STORED


def refused(ref, why):
    """Return the answer to a command that cannot be taken. ref: None if it had no usable one."""
    return codec.encode("ack", {"ref": ref, "state": kinds.REFUSED, "why": why})


def unknown(ref):
    """Return the answer to `forget` for a job that the collector does not have."""
    return codec.encode("ack", {"ref": ref, "state": kinds.UNKNOWN})


_REASONS = {
    DAMAGED: "the job was damaged on the collector's flash; the meter may have the token or not",
    EXPIRED: "the job expired before the meter answered; the meter may have the token or not",
    NO_RESULT: "the meter gives a result that does not exist",
}


def _reason(job):
    """Return why a job ended without a result of the meter; None if it has one."""
    why = _reason_of(job.result)
    return why.replace("token", "order") if why and job.ordered else why


def _reason_of(result):
    if result in _REASONS or result < BUS_REFUSED:
        return _REASONS.get(result)
    code = result - BUS_REFUSED
    return "the meter does not take tokens: " + client.exception_name(code)


def acknowledgement(job):
    """Return the acknowledgement of a job in the state it is in."""
    said = {"ref": job.ref, "order": job.ordered or None}
    if job.state == STORED:
        said["state"] = kinds.STORED
        return codec.encode("ack", said)
    why = _reason(job)
    if why:
        said["state"], said["why"] = kinds.REFUSED, why
        return codec.encode("ack", said)
    said["state"], said["result"], said["at"] = kinds.DONE, job.result, job.at
    proof = job.proof
    if proof:
        found = registers.decode(registers.PROOF_START, proof)
        for row in messages.ACK:
            if row[messages.SOURCE]:
                said[row[messages.NAME]] = found[row[messages.SOURCE]]
        if job.ordered:
            said["credit_wh"] = None
    return codec.encode("ack", said)
