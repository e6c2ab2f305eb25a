"""The meter's address on the bus, given to it over the bus by its number (DRN)."""

from meterbus import codes, frame, registers

_LAST = 247
_COUNT = 8  # registers: seven of the DRN, the address


def asked(meter, count, data):
    """Return (Modbus exception code or 0, address to set or 0) of a write of `count` registers."""
    address = frame.u16(data, 2 * count - 2)
    drn = meter.settings.drn
    if count != _COUNT or not 1 <= address <= _LAST:
        return frame.ILLEGAL_DATA_VALUE, 0
    if not drn or registers.printable(data[:-2]) != drn:
        return frame.ILLEGAL_DATA_VALUE, 0
    if address == meter.settings.address:
        return 0, 0
    # Flash is written: as often as there is room for the event.
    if not meter.events.note(codes.EVENT_ADDRESS_SET, address):
        return frame.SERVER_DEVICE_BUSY, 0
    return 0, address


def store(board, settings, address):
    """Store the address in settings.json and in `settings`; True if that was possible."""
    given = board.settings()
    if given.get("drn") != settings.drn:
        return False  # settings.json cannot be read now: the key in it must not be lost
    given["address"] = address
    try:
        board.save_settings(given)
    except OSError:
        return False
    settings.address = address
    return True
