"""Names and records of the job files. The state of a job is in the name, its token or order in the
record.

A record is a line of ASCII words: tag, version, the words of that version, and the CRC-32 of all
before it. Tag, version and CRC are the frame of every version, so a record of a newer firmware
can be distinguished from a damaged one. Version 1, of firmware 0.1, had neither tag nor version:

| version | words |
|---|---|
| 1 | number, token, ref, DRN |
| 2 | number, token, ref, DRN, expires (UTC seconds, 0 unknown) |
| 3 | the same with an order, hexadecimal, in the place of the token |
"""

from binascii import crc32, hexlify, unhexlify

from uplink.topics import is_digits

NEW = "new"
JOB = "job"
END = "end"

PROOF_BYTES = 16  # of the registers that prove a result
MAX_RECORD = 448  # bytes; a longer one is of a newer firmware or damaged

_TAG = "job"
_VERSION = 2
_ORDER_VERSION = 3
_TOKEN_DIGITS = 20
_ORDER_DIGITS = (34, 356)
_HEX = "0123456789abcdef"
_U32 = 0xFFFFFFFF
_HIGHEST_NUMBER = 0x7FFFFFFF


class NewerRecord(Exception):
    """The record has a version that this firmware cannot read."""


def name(ref, drn, kind):
    """Return `<ref>-<drn>.new` for a file that is written, `.job` for a stored job."""
    return f"{ref:08x}-{drn}.{kind}"


def end_name(ref, drn, result, at, proof=None):
    """Return the name of a job that is done. at: UTC seconds, 0 unknown. proof: 16 bytes, None if
    the meter gave none, as in the names of firmware 0.1."""
    end = f"-{str(hexlify(proof), 'ascii')}" if proof else ""
    return f"{ref:08x}-{drn}-{result:04x}-{at:08x}{end}.{END}"


def parse_name(text):
    """Return (ref, drn, result, at, proof) of a `.job` (result None) or `.end` name; None of
    another."""
    try:
        stem, kind = text.split(".")
        parts = stem.split("-")
        ref, drn = int(parts[0], 16), parts[1]
        if kind == JOB:
            found = (ref, drn, None, 0, None)
            same = name(ref, drn, JOB)
        else:
            proof = unhexlify(parts[4]) if len(parts) > 4 else None
            found = (ref, drn, int(parts[2], 16), int(parts[3], 16), proof)
            same = end_name(*found)
    except (ValueError, IndexError):
        return None
    valid = 0 < ref <= _U32 and (found[2] or 0) <= 0xFFFF and found[3] <= _U32
    valid = valid and (found[4] is None or len(found[4]) == PROOF_BYTES)
    return found if same == text and valid and is_digits(drn) and len(drn) <= 13 else None


def _sealed(words):
    return f"{words} {crc32(words.encode()):08x}\n".encode()


def record(number, token, ref, drn, expires):
    """Return the record of a stored job. number: order of arrival; token: 20 digits, or an order
    in hexadecimal; expires: 0 unknown."""
    version = _ORDER_VERSION if is_order(token) else _VERSION
    return _sealed(f"{_TAG} {version} {number} {token} {ref:08x} {drn} {expires}")


def parse_record(data, ref, drn):
    """Return (number, token, expires) of this job's record, an order in the place of a token.

    Raise ValueError if it is damaged, NewerRecord if only a newer firmware can read it.
    """
    words = str(bytes(data), "ascii").split(" ")
    if words[0] == _TAG:
        _check_version(words, data)
        number, token, expires = int(words[2]), words[3], int(words[6])
        same = record(number, token, ref, drn, expires)
    elif len(words) == 5:
        number, token, expires = int(words[0]), words[1], 0
        same = _sealed(f"{number} {token} {ref:08x} {drn}")
    else:
        raise ValueError("damaged")
    if is_order(token):
        usable = _ORDER_DIGITS[0] <= len(token) <= _ORDER_DIGITS[1] and len(token) % 2 == 0
        usable = usable and all(c in _HEX for c in token)
    else:
        usable = len(token) == _TOKEN_DIGITS and is_digits(token)
    if data != same or not usable or number > _HIGHEST_NUMBER or expires > _U32:
        raise ValueError("damaged")
    return number, token, expires


def is_order(token):
    """Return whether this is an order in the place of a token."""
    return len(token) > _TOKEN_DIGITS


def _check_version(words, data):
    """Raise ValueError or NewerRecord unless the record has this firmware's version."""
    if len(words) < 3 or int(words[1]) < _VERSION:
        raise ValueError("damaged")
    if int(words[1]) <= _ORDER_VERSION and len(words) == 8:
        return
    whole = _sealed(" ".join(words[:-1])) == data
    if int(words[1]) > _ORDER_VERSION and (whole or len(data) > MAX_RECORD):
        raise NewerRecord
    raise ValueError("damaged")
