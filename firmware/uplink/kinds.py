"""The kinds of message fields, one row per kind, for the codec and the documents."""

from .topics import is_digits

_U32 = 0xFFFFFFFF
_HEX = "0123456789abcdef"

BOOL = "bool"
INTEGER = "integer"
TEXT = "text"
DIGITS = "digits"
HEX = "hex"
BYTES = "bytes"
CHOICE = "choice"

ONLINE = "online"
OFFLINE = "offline"

# States of an acknowledgement.
STORED = "stored"
DONE = "done"
REFUSED = "refused"
UNKNOWN = "unknown"

# kind: (JSON form, limits, in words). Limits: lowest and highest of an integer; the greatest
# length of a text; the number of digits, decimal or hexadecimal; the fewest and most bytes, two
# hexadecimal digits each; the texts of a choice.
KINDS = {
    "bool": (BOOL, None, "true or false"),
    "u16": (INTEGER, (0, 0xFFFF), "a number from 0 to 65535"),
    "u32": (INTEGER, (0, _U32), "a number from 0 to 4294967295"),
    "s32": (INTEGER, (-(1 << 31), (1 << 31) - 1), "a number of 32 bits with sign"),
    "s64": (INTEGER, (-(1 << 63), (1 << 63) - 1), "a number of 64 bits with sign"),
    "ref": (INTEGER, (1, _U32), "a number from 1 to 4294967295"),
    "time": (INTEGER, (0, 1 << 33), "seconds since 1970 UTC"),
    "result": (INTEGER, (0, 0xFFFF), "a TokenResult code"),
    "bits": (INTEGER, (0, 0xFFFF), "a set of bits"),
    "text200": (TEXT, 200, "a text of at most 200 characters"),
    "text3": (TEXT, 3, "a text of at most 3 characters"),
    "token": (DIGITS, 20, "20 digits"),
    "mac": (HEX, 16, "16 hexadecimal digits, 0 to 9 and a to f"),
    "order": (BYTES, (17, 178), "17 to 178 bytes, two hexadecimal digits each, 0 to 9 and a to f"),
    "connection": (CHOICE, (ONLINE, OFFLINE), "online or offline"),
    "ack_state": (CHOICE, (STORED, DONE, REFUSED, UNKNOWN), "the state of a job"),
}


def clean(kind, value):
    """Return the value if it is of this kind, else None.

    A text that is too long is cut. Characters that databases refuse (halves of surrogate pairs,
    NUL) are replaced by question marks.
    """
    form, limits, _ = KINDS[kind]
    if form == BOOL:
        return value if isinstance(value, bool) else None
    if form == INTEGER:
        # bool is an int in Python; on the wire it is not.
        usable = isinstance(value, int) and not isinstance(value, bool)
        return value if usable and limits[0] <= value <= limits[1] else None
    if not isinstance(value, str):
        return None
    if form == DIGITS:
        return value if len(value) == limits and is_digits(value) else None
    if form == HEX:
        return value if len(value) == limits and all(c in _HEX for c in value) else None
    if form == BYTES:
        usable = len(value) % 2 == 0 and limits[0] <= len(value) // 2 <= limits[1]
        return value if usable and all(c in _HEX for c in value) else None
    if form == CHOICE:
        return value if value in limits else None
    return "".join(_plain(char) for char in value[:limits])


def _plain(char):
    code = ord(char)
    return "?" if code == 0 or 0xD800 <= code < 0xE000 else char
