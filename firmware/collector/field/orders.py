"""Orders on the bus: the requests, and the answer. No I/O. Loaded with the first order."""

import struct

from meterbus import client, orders

from ..jobs.store import NO_RESULT
from .meter import ORDER, PROOF

_PROOF = ">II8s"  # as the registers of a token's proof: no credit, sequence, MAC
_HIGHEST_RESULT = 0xFF  # results that this firmware has no name for are passed on


def answered(poller, meter, data, at):
    """Take the answer of a meter to an order."""
    result, sequence, mac = struct.unpack(orders.ANSWER, data)
    proof = struct.pack(_PROOF, 0, sequence, mac)
    if sequence != orders.head(meter.order)[0]:
        poller.again(meter, ORDER)
    elif result > _HIGHEST_RESULT:
        poller.count(meter, NO_RESULT, at)
    elif proof == meter.job.doubted:  # also of an order that was changed on the wire
        meter.job.trust()
        meter.step = ORDER
        meter.job_ms = 0
    else:
        poller.finish(meter, result, at, proof)


def _order_request(meter):
    return client.write_request(meter.address, orders.START, orders.registers(meter.order))


def _proof_request(meter):
    return client.read_request(
        meter.address, client.READ_HOLDING_REGISTERS, orders.ANSWER_START, orders.ANSWER_COUNT
    )


REQUESTS = {ORDER: _order_request, PROOF: _proof_request}
