"""The clock of a meter, read and set over the bus."""

import time
from datetime import UTC, datetime

from meterbus import client, frame, registers
from tjugo.device.bus_line import BusLine
from tjugo.errors import TjugoError


def read(line: BusLine) -> datetime | None:
    """Return the meter's time, None if it does not know it. Raise TjugoError."""
    reply = line.ask(
        client.read_request(
            line.address,
            client.READ_HOLDING_REGISTERS,
            registers.CLOCK_START,
            registers.CLOCK_COUNT,
        )
    )
    if reply.refused and reply.exception == frame.SERVER_DEVICE_FAILURE:
        return None
    _check(line, reply)
    unix = registers.decode(registers.CLOCK_START, reply.data)["unix"]
    return datetime.fromtimestamp(unix, UTC)


def set_one(line: BusLine) -> None:
    """Set the meter's clock to the time of this computer. Raise TjugoError."""
    _check(line, line.ask(_request(line.address)))


def set_all(line: BusLine) -> None:
    """Send the time of this computer to all meters; none of them answers. Raise TjugoError."""
    line.send(_request(frame.BROADCAST))


def _request(address: int) -> bytes:
    value = registers.encode("unix", round(time.time()))
    return client.write_request(address, registers.CLOCK_START, value)


def _check(line: BusLine, reply: client.ReplyParser) -> None:
    if reply.refused and reply.exception == frame.ILLEGAL_DATA_ADDRESS:
        raise TjugoError(f"The clock of the meter at address {line.address} cannot be set.")
    try:
        reply.check()
    except client.BusException as error:
        raise TjugoError(f"The meter at address {line.address} refused: {error}.") from None
