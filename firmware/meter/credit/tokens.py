"""Token entry: the key register, the used token identifiers, the last result, the key changes."""

import struct
from binascii import crc32

from meterbus import codes
from sts_portable import results
from sts_portable.decoder import Decoder, KeyState, TidStore
from sts_portable.ea import KEY_BYTES
from sts_portable.errors import FormatError
from sts_portable.token import is_encrypted, split

from ..store.slots import unpack

_ENTRY = ">BII"  # last_result, bus_ref, bus_hash
_KEY = ">BBBBBI"  # ea, kt, krn, ti, ken, sgc; the key's bytes follow
_KEY_HEAD = struct.calcsize(_KEY)
_KEY_SECTIONS = (0x23, 0x24, 0x28, 0x29)
_TID_ENTRIES = 50  # of TidStore
# Results of a token that was accepted, those of a section of a key change among them.
TAKEN = (
    results.ACCEPT,
    results.FIRST_KCT,
    results.SECOND_KCT,
    results.THIRD_KCT,
    results.FOURTH_KCT,
)


class Tokens:
    """A feature: see core.py.

    key: KeyState, a copy of the settings' until a token changes it. tids: TidStore.
    last_result: TokenResult of the last token.
    bus_ref, bus_hash: reference and CRC-32 of the token accepted last from the bus, 0 none.
    """

    ONCE = ("refuse_up_to",)  # see runtime/overlay.py

    def __init__(self, meter):
        settings = meter.settings
        self._ledger = meter.ledger
        self._initial = settings.key
        self._key_usable = settings.key_usable
        self.key = KeyState(bytes(8))  # until _load_key copies the settings'
        self.key_from_token = False
        self.tids = TidStore()
        self.last_result = results.NONE
        self.bus_ref = self.bus_hash = 0
        self._load_key(None, 0)
        self._decoder = Decoder(self.key, self.tids, settings.mfr_code)
        self.records = (
            (3, 1, self._save_entry, self._load_entry),
            (4, 1, self._save_key, self._load_key),
            (5, 1, self._save_tids, self._load_tids),
        )

    def known(self):
        """Return KNOWN_KEY if the key register is that of this meter."""
        usable = self.key_from_token or self._key_usable
        return codes.KNOWN_KEY if self._ledger.loaded and usable else 0

    def tick(self, _supply_ms, real_ms):
        """Let real time pass: a person enters the sections of a key change."""
        self._decoder.elapsed(real_ms)

    def needs_key(self, digits):
        """Return True if 20 digits are a token that is encrypted with the key."""
        try:
            return is_encrypted(split(digits)[0])
        except FormatError:
            return False

    def check(self, digits):
        """Return (TokenResult, token) of 20 digits; see Decoder.check."""
        return self._decoder.check(digits)

    def commit(self, token):
        """Remember an executed token; return the TokenResult to display; see Decoder.commit."""
        result = self._decoder.commit(token)
        if result == results.ACCEPT and token.cls << 4 | token.subclass in _KEY_SECTIONS:
            self.key_from_token = True
        return result

    def remember(self, digits, ref):
        """Note the token accepted last from the bus."""
        self.bus_ref = ref
        self.bus_hash = crc32(digits.encode())

    def accepted(self, digits, ref):
        """Return True if this is the token that was accepted last from the bus."""
        return bool(ref) and ref == self.bus_ref and crc32(digits.encode()) == self.bus_hash

    def refuse_up_to(self, tid):
        """Make every token identifier up to `tid` used or old."""
        for used in range(max(1, tid - _TID_ENTRIES + 1), tid + 1):
            self.tids.add(used)

    def _save_entry(self, buf, at):
        struct.pack_into(_ENTRY, buf, at, self.last_result, self.bus_ref, self.bus_hash)
        return struct.calcsize(_ENTRY)

    def _load_entry(self, data, _version):
        values = unpack(_ENTRY, data, (results.NONE, 0, 0))
        self.last_result, self.bus_ref, self.bus_hash = values

    def _save_key(self, buf, at):
        """Write the key only if a token brought it: that of the settings stays out of here."""
        key = self.key
        if not self.key_from_token:
            return 0
        struct.pack_into(_KEY, buf, at, key.ea, key.kt, key.krn, key.ti, key.ken, key.sgc)
        end = at + _KEY_HEAD + len(key.key)
        buf[at + _KEY_HEAD : end] = key.key
        return end - at

    def _load_key(self, data, _version):
        key, old = self.key, self._initial
        self.key_from_token = data is not None
        if data is None:
            key.ea, key.kt, key.krn, key.ti, key.ken = old.ea, old.kt, old.krn, old.ti, old.ken
            key.sgc, key.key = old.sgc, old.key
            return
        values = unpack(_KEY, data[:_KEY_HEAD], None)
        secret = bytes(data[_KEY_HEAD:])
        if len(secret) != KEY_BYTES.get(values[0]):
            raise ValueError("key")
        key.ea, key.kt, key.krn, key.ti, key.ken, key.sgc = values
        key.key = secret

    def _save_tids(self, buf, at):
        tids = self.tids.buf
        buf[at : at + len(tids)] = tids
        return len(tids)

    def _load_tids(self, data, _version):
        if data is None:
            self.tids.clear()
        elif len(data) == len(self.tids.buf):
            self.tids.buf[:] = data
        else:
            raise ValueError("token identifiers")

    def _key_section(self, _token):
        """Accept a section: commit gathers them and changes the key when the set is complete."""
        return results.ACCEPT, "Key changed"

    TOKENS = dict.fromkeys(_KEY_SECTIONS, _key_section)
    REGISTERS = {
        "token_result": lambda self: self.last_result,
        "krn": lambda self: self.key.krn,
        "ti": lambda self: self.key.ti,
        "sgc": lambda self: self.key.sgc,
        "ken": lambda self: self.key.ken,
        "kt": lambda self: self.key.kt,
    }
    CODES = (
        ("802", "Last result", codes.KNOWN_LEDGER, lambda self: "%d" % self.last_result),
        ("803", "KRN KT TI", codes.KNOWN_KEY, lambda self: _key_numbers(self.key)),
        ("805", "Supply group", codes.KNOWN_KEY, lambda self: "%06d" % self.key.sgc),
    )


def _key_numbers(key):
    return "%d %d %02d" % (key.krn, key.kt, key.ti)
