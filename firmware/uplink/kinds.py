"""What a field of a message may hold. One row a kind: the codec and the documents use it."""

from .topics import is_digits

_U32 = 0xFFFFFFFF

BOOL = "bool"
INTEGER = "integer"
TEXT = "text"
DIGITS = "digits"
CHOICE = "choice"

ONLINE = "online"
OFFLINE = "offline"

# States of an acknowledgement.
STORED = "stored"
DONE = "done"
REFUSED = "refused"
UNKNOWN = "unknown"

# kind: (JSON form, limits, in words). Limits: lowest and highest of an integer; the greatest
# length of a text; the number of digits; the texts of a choice.
KINDS = {
    "bool": (BOOL, None, "true or false"),
    "u16": (INTEGER, (0, 0xFFFF), "a number from 0 to 65535"),
    "u32": (INTEGER, (0, _U32), "a number from 0 to 4294967295"),
    "s64": (INTEGER, (-(1 << 63), (1 << 63) - 1), "a number of 64 bits with sign"),
    "ref": (INTEGER, (1, _U32), "a number from 1 to 4294967295"),
    "time": (INTEGER, (0, 1 << 33), "seconds since 1970 UTC"),
    "result": (INTEGER, (0, 0xFFFF), "a TokenResult code"),
    "bits": (INTEGER, (0, 0xFFFF), "a set of bits"),
    "text200": (TEXT, 200, "a text of at most 200 characters"),
    "token": (DIGITS, 20, "20 digits"),
    "connection": (CHOICE, (ONLINE, OFFLINE), "online or offline"),
    "ack_state": (CHOICE, (STORED, DONE, REFUSED, UNKNOWN), "the state of a job"),
}


def clean(kind, value):
    """Return the value if it is one of this kind, else None.

    A text that is too long is cut. Characters that no database takes (halves of surrogate pairs,
    NUL) become question marks.
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
    if form == CHOICE:
        return value if value in limits else None
    return "".join(_plain(char) for char in value[:limits])


def _plain(char):
    code = ord(char)
    return "?" if code == 0 or 0xD800 <= code < 0xE000 else char
