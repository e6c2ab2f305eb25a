"""The clock and the address of a meter, read and set over the bus."""

import time
from datetime import UTC, datetime

from meterbus import client, descriptions, frame, registers
from tjugo.device.bus_line import BusLine
from tjugo.errors import TjugoError

_CLOCK_START, _CLOCK_COUNT = registers.block("unix", "unix")
_TAKES_SECONDS = 0.5  # until the meter has stored its address
_TRIES_WHEN_FREE = 2  # an address at which nobody answers so often is free


def read_clock(line: BusLine) -> datetime | None:
    """Return the meter's time, None if it does not know it. Raise TjugoError."""
    reply = line.ask(
        client.read_request(
            line.address,
            client.READ_HOLDING_REGISTERS,
            _CLOCK_START,
            _CLOCK_COUNT,
        )
    )
    if reply.refused and reply.exception == frame.SERVER_DEVICE_FAILURE:
        return None
    _check(line, reply)
    unix = registers.decode(_CLOCK_START, reply.data)["unix"]
    return datetime.fromtimestamp(unix, UTC)


def set_clock(line: BusLine) -> None:
    """Set the meter's clock to the time of this computer. Raise TjugoError.

    A meter that has the time lets the bus move it by seconds only.
    """
    reply = line.ask(_clock_request(line.address))
    if reply.refused and reply.exception == frame.ILLEGAL_DATA_VALUE:
        found = read_clock(line)
        off = round(found.timestamp() - time.time()) if found else 0
        raise TjugoError(
            f"The meter at address {line.address} does not let the bus move its clock so far: it "
            f"is {abs(off)} s {'fast' if off > 0 else 'slow'} against this computer. `tjugo meter "
            "clock PORT --set` sets it at the service port."
        )
    _check(line, reply)


def set_all_clocks(line: BusLine) -> None:
    """Send the time of this computer to all meters; none of them answers. Raise TjugoError."""
    line.send(_clock_request(frame.BROADCAST))


def set_address(line: BusLine, drn: str) -> None:
    """Give the meter `drn` the address of the line, and wait until it answers there.

    Raise TjugoError, and nothing is changed if another device answers there: two meters with one
    address could not be reached any more. The request is a broadcast: the meter may have any
    address.
    """
    start, count = registers.DEVICE_START, registers.DEVICE_COUNT
    request = client.read_request(line.address, client.READ_HOLDING_REGISTERS, start, count)
    there = line.find(request, _TRIES_WHEN_FREE)
    if there:
        found = _drn_of(there)
        if found == drn:
            return
        what = f"meter {found}" if found else "another device, without a meter number,"
        raise TjugoError(
            f"At address {line.address} is {what} already. Give {drn} a free address, or that one "
            "another address first."
        )
    value = registers.encode("drn", drn) + line.address.to_bytes(2, "big")
    line.send(client.write_request(frame.BROADCAST, descriptions.ADDRESS_START, value))
    time.sleep(_TAKES_SECONDS)
    found = _drn_of(line.ask(request))
    if found != drn:
        raise TjugoError(f"At address {line.address} is {found or 'another device'}, not {drn}.")


def _drn_of(reply: client.ReplyParser) -> str:
    """Return the meter number in a reply to a read of the device block, "" if it has none."""
    if reply.refused:
        return ""
    return str(registers.decode(registers.DEVICE_START, reply.data)["drn"])


def _clock_request(address: int) -> bytes:
    value = registers.encode("unix", round(time.time()))
    return client.write_request(address, _CLOCK_START, value)


def _check(line: BusLine, reply: client.ReplyParser) -> None:
    if reply.refused and reply.exception == frame.ILLEGAL_DATA_ADDRESS:
        raise TjugoError(f"The clock of the meter at address {line.address} cannot be set.")
    try:
        reply.check()
    except client.BusException as error:
        raise TjugoError(f"The meter at address {line.address} refused: {error}.") from None
