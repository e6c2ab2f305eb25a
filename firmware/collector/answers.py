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


def _reason(result):
    """Return why a job ended without a TokenResult; None if it has one."""
    if result in _REASONS or result < BUS_REFUSED:
        return _REASONS.get(result)
    code = result - BUS_REFUSED
    return "the meter does not take tokens: " + client.exception_name(code)


def acknowledgement(job):
    """Return the acknowledgement of a job in the state it is in."""
    if job.state == STORED:
        return codec.encode("ack", {"ref": job.ref, "state": kinds.STORED})
    why = _reason(job.result)
    if why:
        return refused(job.ref, why)
    done = {"ref": job.ref, "state": kinds.DONE, "result": job.result, "at": job.at}
    proof = job.proof
    if proof:
        found = registers.decode(registers.PROOF_START, proof)
        for row in messages.ACK:
            if row[messages.SOURCE]:
                done[row[messages.NAME]] = found[row[messages.SOURCE]]
    return codec.encode("ack", done)
