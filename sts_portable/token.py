"""Conversion between 20 digits, 66 bits, and class and 64-bit block; the decoded token."""

from . import crc, layouts
from . import ea as _ea
from .digits import plain
from .errors import FormatError


def split(digits: "str | bytes | bytearray | memoryview") -> "tuple[int, bytearray]":
    """Return (class, still encrypted 8-byte block) of a token's 20 digits, text or bytes-like.

    White space and hyphens between the digits are ignored. Raise FormatError unless the rest
    is exactly 20 decimal digits, below 2^66.
    """
    text = plain(digits)
    if len(text) != 20:
        raise FormatError("a token is exactly 20 decimal digits, not %r" % (digits,))
    raw = int(text).to_bytes(9, "big")
    if raw[0] > 3:
        raise FormatError("a token is at most 73786976294838206463, not %s" % text.decode())
    block = bytearray(raw[1:])
    # Bits 28..27 are the class; the block's own two bits were moved to 65..64.
    block[4] = block[4] & 0xE7 | raw[0] << 3
    return raw[5] >> 3 & 3, block


def join(cls: int, block: "bytes | bytearray") -> str:
    """Return the 20 digits of a class and an 8-byte block (encrypted if the class needs it)."""
    if not 0 <= cls <= 3 or len(block) != 8:
        raise FormatError("class %d with a block of %d bytes is not a token" % (cls, len(block)))
    raw = bytearray(9)
    raw[0] = block[4] >> 3 & 3
    raw[1:] = block
    raw[5] = raw[5] & 0xE7 | cls << 3
    return "%020d" % int.from_bytes(raw, "big")


def is_encrypted(cls: int) -> bool:
    """Return whether tokens of this class are encrypted with the decoder key: 0 and 2."""
    return cls == 0 or cls == 2


class Token:
    """A clear block with its layout.

    Attributes: cls, subclass, block (8 bytes), tid and value (the amount field or 16-bit value);
    the latter two are None where the layout has none.
    """

    def __init__(self, cls: int, block: "bytes | bytearray", key_bytes: int = 16) -> None:
        self.cls = cls
        self.block = block
        self.subclass = subclass = block[0] >> 4
        self._line = line = layouts.line(cls, subclass, key_bytes, block[4] >> 2)
        self.tid: "int | None" = layouts.tid(line, block) if line else None
        self.value: "int | None" = layouts.value(line, block) if line else None

    def reserved(self) -> bool:
        """Return whether the subclass is reserved."""
        return self._line is None

    def row(self) -> "tuple | None":
        """Return the fields.row() of the token, or None for a reserved subclass."""
        # A meter does not need it. Machine code cannot import relatively here: it uses no global.
        from sts_portable import fields

        return fields.row_of(self._line)

    def field(self, name: str) -> "int | bytes | None":
        """Return the content of a field by name, or None if the layout has no such field."""
        return layouts.field(self._line, name, self.block) if self._line else None


def decode(
    digits: "str | bytes | bytearray | memoryview", key: bytes = b"", ea: "int | str" = 7
) -> "Token | None":
    """Return the Token of 20 digits, or None if the CRC is wrong (wrong key or digits).

    `key` is not needed for class 1. Raise FormatError for text that is not a token, and for
    class 3, which is reserved.
    """
    cls, block = split(digits)
    if cls == 3:
        raise FormatError("class 3 is reserved")
    if is_encrypted(cls):
        block = _ea.decrypt(ea, key, block)
    return Token(cls, block, len(key)) if crc.matches(cls, block) else None


def make(
    cls: int, subclass: int, key: bytes = b"", ea: "int | str" = 7, **values: "int | bytes"
) -> str:
    """Return the 20 digits of a token: fields.encode(), encrypted, with its class inserted."""
    from . import fields  # a meter makes no tokens: the file need not be on the board

    block = fields.encode(cls, subclass, **values)
    if is_encrypted(cls):
        block = _ea.encrypt(ea, key, block)
    return join(cls, block)
