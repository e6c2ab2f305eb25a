"""The requests to a meter, by what is wanted of it. No I/O."""

from meterbus import client, codes, registers

from .meter import ANSWER, RESULT, WRITE, block_of

POLL = "poll"
CRASH = "crash"


def _poll_request(meter):
    start, count = block_of(meter.poll_step)
    return client.read_request(meter.address, client.READ_INPUT_REGISTERS, start, count)


def _write_request(meter):
    entry = registers.token_entry(meter.job.token, meter.job.ref)
    return client.write_request(meter.address, registers.TOKEN_START, entry)


def _result_request(meter):
    return client.read_request(
        meter.address,
        client.READ_HOLDING_REGISTERS,
        registers.RESULT_START,
        registers.RESULT_COUNT,
    )


def _answer_request(meter):
    return client.read_request(
        meter.address,
        client.READ_HOLDING_REGISTERS,
        registers.ANSWER_START,
        registers.ANSWER_COUNT,
    )


def _crash_request(meter):
    return client.identify_request(meter.address, client.ONE_OBJECT, codes.CRASH_OBJECT)


REQUESTS = {
    POLL: _poll_request,
    WRITE: _write_request,
    RESULT: _result_request,
    ANSWER: _answer_request,
    CRASH: _crash_request,
}
