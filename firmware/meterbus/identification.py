"""Read device identification (43/14) as the server answers it: application protocol, 6.21."""

from .frame import (
    ILLEGAL_DATA_ADDRESS,
    ILLEGAL_DATA_VALUE,
    ILLEGAL_FUNCTION,
    MAX_FRAME,
    READ_DEVICE_IDENTIFICATION,
)

# Read device ID code -> object ids, first and last + 1
_LEVELS = {1: (0, 3), 2: (0, 7), 3: (0, 0x81)}
_ONE_OBJECT = 4
_CONFORMITY = 0x83  # extended identification, stream and single access


def answer(request, identify, out):
    """Write the reply to the frame `request` into `out`; (exception code, length without CRC).

    identify(object_id): text, None if there is no such object. A stream begins at object 0 when
    the first one asked for is not there.
    """
    kind, code, first = request[2], request[3], request[4]
    if kind != READ_DEVICE_IDENTIFICATION:
        return ILLEGAL_FUNCTION, 0
    if code == _ONE_OBJECT:
        if identify(first) is None:
            return ILLEGAL_DATA_ADDRESS, 0
        low, high = first, first + 1
    elif code in _LEVELS:
        low, high = _LEVELS[code]
        low = first if low <= first < high else low
    else:
        return ILLEGAL_DATA_VALUE, 0
    out[2] = READ_DEVICE_IDENTIFICATION
    out[3] = code
    out[4] = _CONFORMITY
    out[5] = out[6] = out[7] = 0
    return 0, _put_objects(out, identify, low, high)


def _put_objects(out, identify, low, high):
    at = 8
    for number in range(low, high):
        text = identify(number)
        if text is None:
            continue
        raw = text.encode()
        if at + 2 + len(raw) > MAX_FRAME - 2:
            out[5] = 0xFF  # more follows, from this object
            out[6] = number
            break
        out[at] = number
        out[at + 1] = len(raw)
        out[at + 2 : at + 2 + len(raw)] = raw
        at += 2 + len(raw)
        out[7] += 1
    return at
