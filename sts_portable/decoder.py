"""Token acceptance in a meter: from 20 digits, key register and TID store to a TokenResult.

check() authenticates and validates a token, the caller executes it, commit() stores its TID.
Nothing is stored before commit(), so a token that cannot be executed (for example because of a
credit overflow) is not consumed.
"""

from . import crc, limits, results
from . import ea as _ea
from .errors import FormatError
from .packed import place
from .token import Token, is_encrypted, split

_DDTK = 1
_STORE_BYTES = 150  # 50 entries of 3
KCT_TIMEOUT_MS = 600000
_PARTS = {
    0x23: results.FIRST_KCT,
    0x24: results.SECOND_KCT,
    0x28: results.THIRD_KCT,
    0x29: results.FOURTH_KCT,
}
# Old key type -> permitted new ones (one public source; KT 3 exists on magnetic cards only).
KEY_TYPES = ((0, 1, 2), (1, 2), (1, 2), (1, 2, 3))
# Subclasses reserved for the manufacturer: refused unless listed in Decoder.extra.
_MANUFACTURER = (0x2B, 0x2C, 0x2D, 0x2E, 0x2F)
# The permitted values of an element, where not every value of its bits is permitted, and the
# result for the others. vendor.py makes no token with them.
ELEMENTS = {
    0x21: (results.RANGE_ERROR, "register", (0, 1, 2, 3, 4, 5, 6, 7, 0xFFFF)),
    0x23: (results.RANGE_ERROR, "krn", range(1, 10)),
    0x24: (results.RANGE_ERROR, "ti", range(100)),
    0x25: (results.FORMAT_ERROR, "pad", (0,)),
}


class KeyState:
    """The key register. Attributes: key (bytes), ea, kt, krn, sgc, ti, ken.

    The constructor raises StsError if the length of the key is wrong for its EA, and RangeError
    for a number outside the limits of the register.
    """

    def __init__(
        self,
        key: bytes,
        ea: "int | str" = 7,
        kt: int = 2,
        krn: int = 1,
        sgc: int = 123456,
        ti: int = 1,
        ken: int = 255,
    ) -> None:
        if not isinstance(key, (bytes, bytearray, memoryview)):
            raise FormatError("a key is bytes, not %r" % type(key))
        self.ea = _ea.check_key(ea, key)
        for name, value in (("KT", kt), ("KRN", krn), ("SGC", sgc), ("TI", ti), ("KEN", ken)):
            limits.check(name, value)
        self.key = key
        self.kt = kt
        self.krn = krn
        self.sgc = sgc
        self.ti = ti
        self.ken = ken

    def __repr__(self) -> str:
        """Return all attributes except the key, which is secret."""
        text = "KeyState(key=<hidden>, ea=%d, kt=%d, krn=%d, sgc=%d, ti=%d, ken=%d)"
        return text % (self.ea, self.kt, self.krn, self.sgc, self.ti, self.ken)


class TidStore:
    """The 50 newest accepted TIDs, 3 bytes each, ascending; `buf` is all that must persist.

    An empty entry is 0 and therefore sorts first. TID 0 is indistinguishable from an empty entry:
    it is never issued (tid.from_minutes) and is treated as older than every other TID. The
    constructor raises FormatError unless `buf` is 150 writable bytes.
    """

    def __init__(self, buf: "bytearray | memoryview | None" = None) -> None:
        if buf is None:
            buf = bytearray(_STORE_BYTES)
        if not isinstance(buf, (bytearray, memoryview)):
            raise FormatError("a TID store is a bytearray, not %r" % type(buf))
        if len(buf) != _STORE_BYTES:
            raise FormatError("a TID store has %d bytes, not %d" % (_STORE_BYTES, len(buf)))
        try:
            first = buf[0]
            buf[0] = 255
            buf[0] = first
        except (TypeError, ValueError):
            raise FormatError("a TID store is writable bytes")
        self.buf = buf

    def is_old(self, tid: int) -> bool:
        """Return whether the TID is 0, or the store is full and all stored TIDs are newer."""
        return tid == 0 or place(self.buf, tid) < 0

    def contains(self, tid: int) -> bool:
        """Return whether the TID is stored: its place then differs from that of TID - 1."""
        return tid > 0 and place(self.buf, tid) != place(self.buf, tid - 1)

    def add(self, tid: int) -> None:
        """Store a TID instead of an empty entry or the smallest one, unless stored or too old."""
        buf = self.buf
        last = place(buf, tid)
        if last < 0 or self.contains(tid):
            return
        for i in range(last):
            buf[i] = buf[i + 3]
        buf[last] = tid >> 16
        buf[last + 1] = tid >> 8 & 0xFF
        buf[last + 2] = tid & 0xFF

    def clear(self) -> None:
        """Remove every TID (after a key change with the rollover bit)."""
        for i in range(_STORE_BYTES):
            self.buf[i] = 0


class Decoder:
    """A meter's token acceptance: `key` is a KeyState, `tids` a TidStore, both kept by the caller.

    mfr_code is the meter's own manufacturer code for class 1. `extra` lists the manufacturer's
    class 2 subclasses that this meter supports, as class << 4 | subclass (0x2B to 0x2F).
    """

    def __init__(
        self,
        key: KeyState,
        tids: TidStore,
        mfr_code: int = 0,
        extra: "tuple[int, ...]" = (),
    ) -> None:
        self.key = key
        self.tids = tids
        self.mfr_code = mfr_code
        self.extra = extra
        self._parts = {}
        self._parts_age_ms = 0

    def check(self, digits: "str | bytes | bytearray | memoryview") -> "tuple[int, Token | None]":
        """Return (result, token) of 20 digits. A token with ACCEPT may be executed and committed.

        Any other result is final; the token is None unless its CRC is correct. The order of the
        checks is the standard's: authentication (CRC, manufacturer code), validation (used, old,
        expired, DDTK), then function and elements.
        """
        try:
            cls, block = split(digits)
        except FormatError:
            return results.FORMAT_ERROR, None
        if cls == 3:
            return results.FUNCTION_ERROR, None
        key = self.key
        if is_encrypted(cls):
            block = _ea.decrypt(key.ea, key.key, block)
        if not crc.matches(cls, block):
            return results.CRC_ERROR, None
        token = Token(cls, block, len(key.key))
        return self._foreign(token) or self._stale(token) or self._unfit(token), token

    def _foreign(self, token):
        """Return an error for a class 1 token of another manufacturer (code 0 is for all)."""
        if token.cls == 1 and token.field("mfr") not in (None, 0, self.mfr_code):
            return results.MFR_CODE_ERROR
        return results.NONE

    def _stale(self, token):
        """Return an error for a used, old or expired TID, and for credit under a DDTK."""
        if token.tid is None:
            return results.NONE
        if self.tids.contains(token.tid):
            return results.USED_ERROR
        if self.tids.is_old(token.tid):
            return results.OLD_ERROR
        if token.tid >> 16 > self.key.ken:
            return results.KEY_EXPIRED_ERROR
        if token.cls == 0 and self.key.kt == _DDTK:
            return results.DDTK_ERROR
        return results.NONE

    def _unfit(self, token):
        """Return the result of checking the token's function and elements, ACCEPT if both pass."""
        code = token.cls << 4 | token.subclass
        if token.reserved() or (code in _MANUFACTURER and code not in self.extra):
            return results.FUNCTION_ERROR
        if code == 0x29 and len(self.key.key) == 8:
            return results.FUNCTION_ERROR
        if code in ELEMENTS:
            result, name, allowed = ELEMENTS[code]
            if token.field(name) not in allowed:
                return result
        if code == 0x23 and token.field("kt") not in KEY_TYPES[self.key.kt]:
            return results.KEY_TYPE_ERROR
        return results.ACCEPT

    def commit(self, token: Token) -> int:
        """Record an executed token and return the result to be displayed.

        The TID is stored, or a key-change section kept. The result of a section is FIRST_KCT to
        FOURTH_KCT while the set is incomplete, ACCEPT once the new key is in force, and
        RANGE_ERROR (the set is discarded, nothing is changed) for a supply group code above 999999
        and for the key that is already in force: such a set is a replay, and its rollover bit
        would make used tokens valid again. The caller then saves tids.buf and the KeyState
        together.
        """
        code = token.cls << 4 | token.subclass
        if code in _PARTS:
            self._parts[code] = token
            self._parts_age_ms = 0
            return self._change_key() if self._is_complete() else _PARTS[code]
        if token.tid is not None:
            self.tids.add(token.tid)
        return results.ACCEPT

    def elapsed(self, ms: int) -> None:
        """Report elapsed time: a partial set is discarded 10 minutes after its last section."""
        if self._parts:
            self._parts_age_ms += ms
            if self._parts_age_ms >= KCT_TIMEOUT_MS:
                self._parts.clear()

    def _is_complete(self):
        parts = self._parts
        if 0x23 not in parts or 0x24 not in parts:
            return False
        if len(self.key.key) == 16:
            return len(parts) == 4
        return 0x28 in parts or not parts[0x23].field("kct3")

    def _change_key(self):
        first, second = self._parts[0x23], self._parts[0x24]
        third, fourth = self._parts.get(0x28), self._parts.get(0x29)
        self._parts.clear()
        key = self.key
        sgc = key.sgc
        fresh = first.field("nk")
        if fourth:
            sgc = fourth.field("sgcho") << 12 | third.field("sgclo")
            fresh += third.field("nk") + fourth.field("nk")
        elif third and first.field("kct3"):
            sgc = third.field("sgc")
        fresh += second.field("nk")
        if sgc > 999999 or fresh == key.key:
            return results.RANGE_ERROR
        key.key = fresh
        key.sgc = sgc
        key.kt = first.field("kt")
        key.krn = first.field("krn")
        key.ti = second.field("ti")
        key.ken = first.field("kenho") << 4 | second.field("kenlo")
        if first.field("ro"):
            self.tids.clear()
        return results.ACCEPT
