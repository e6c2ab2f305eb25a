"""Twenty digits <-> 66 bits <-> class and 64-bit block, and the token a block stands for."""

from . import crc
from . import ea as _ea
from .errors import FormatError
from .layouts import TID, get
from .layouts import row as find_row


def split(digits):
    """(class, 8-byte block still encrypted) of a token's 20 digits, as str or bytes-like.

    Raises FormatError unless they are exactly 20 decimal digits below 2^66.
    """
    text = digits.encode() if isinstance(digits, str) else bytes(digits)
    if len(text) != 20 or not text.isdigit():
        raise FormatError("a token is exactly 20 decimal digits")
    raw = int(text).to_bytes(9, "big")
    if raw[0] > 3:
        raise FormatError("a token's number is at most 73786976294838206463")
    block = bytearray(raw[1:])
    # The class sits in bits 28..27; the block's own two bits were moved to 65..64.
    block[4] = block[4] & 0xE7 | raw[0] << 3
    return raw[5] >> 3 & 3, block


def join(cls, block):
    """The 20 digits of a class and an 8-byte block (encrypted if the class needs it)."""
    raw = bytearray(9)
    raw[0] = block[4] >> 3 & 3
    raw[1:] = block
    raw[5] = raw[5] & 0xE7 | cls << 3
    return "%020d" % int.from_bytes(raw, "big")


def is_encrypted(cls):
    """Classes 0 and 2 are encrypted with the decoder key, class 1 is sent in clear."""
    return cls == 0 or cls == 2


class Token:
    """A clear block and what its layout says.

    Attributes: cls, subclass, block (8 bytes), tid and value (the amount field or 16-bit value);
    the latter two are None where the layout has none.
    """

    def __init__(self, cls, block, key_bytes=16):
        self.cls = cls
        self.block = block
        self.subclass = subclass = block[0] >> 4
        self._row = row = find_row(cls, subclass, key_bytes)
        tid = value = None
        if row:
            if TID in row[1]:
                tid = get(TID, block)
            if row[2]:
                value = get(row[2], block)
        self.tid = tid
        self.value = value

    def row(self):
        """The row of layouts.TOKENS, or None for a reserved subclass."""
        return self._row

    def field(self, name):
        """The content of a field by name, or None where the layout has no such field."""
        for field in self._row[1] if self._row else ():
            if field[0] == name:
                return get(field, self.block)
        return None


def decode(digits, key=b"", ea=7):
    """The Token of 20 digits, or None when the CRC does not agree (wrong key or wrong digits).

    `key` is not needed for class 1. Raises FormatError for text that is no token, and for
    class 3, which is reserved.
    """
    cls, block = split(digits)
    if cls == 3:
        raise FormatError("class 3 is reserved")
    if is_encrypted(cls):
        block = _ea.decrypt(ea, key, block)
    return Token(cls, block, _ea.KEY_BYTES[ea]) if crc.matches(cls, block) else None


def make(cls, subclass, key=b"", ea=7, **values):
    """The 20 digits of a token: fields.encode(), encrypted, with the class put in."""
    from . import fields  # a meter makes no tokens: the file need not be on the board

    block = fields.encode(cls, subclass, **values)
    if is_encrypted(cls):
        block = _ea.encrypt(ea, key, block)
    return join(cls, block)
