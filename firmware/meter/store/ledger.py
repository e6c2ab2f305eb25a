"""What must survive a power failure, in two slots that are written in turn.

A slot carries a number that grows and a CRC-32 over all of it. The newer good slot counts, so a
write that is cut off at any byte leaves the state before it. Everything that belongs to one
accepted token (its TID, the credit, the reference it came with, a changed key) is in one slot and
therefore in one write.
"""

import struct
from binascii import crc32

from sts_portable import results
from sts_portable.decoder import KeyState, TidStore

from ..credit.account import Account

# version, slot number, energy_wh, remainder, credit_wh, sequence, power_fail_count,
# last result, last amount in 0.1 kWh, bus reference, hash of its token,
# key from token, ea, kt, krn, ti, ken, sgc, key length, key; then the TID store and the CRC
_HEAD = ">HIIIiIHBIIIBBBBBBIB16s"
_VERSION = 1
_HEAD_SIZE = struct.calcsize(_HEAD)
_TIDS = 150
_RECORD = _HEAD_SIZE + _TIDS + 4
SLOT_SIZE = 256


class State:
    """What a meter may not forget. `key` is a copy of the settings' until a token changes it.

    last_result: TokenResult of the last token; last_amount: 0.1 kWh of the last accepted one.
    bus_ref, bus_hash: reference and CRC-32 of the token accepted last from the bus, 0 none.
    """

    def __init__(self, key, pulses_per_kwh):
        self.account = Account(pulses_per_kwh)
        self.tids = TidStore()
        self.key = KeyState(key.key, key.ea, key.kt, key.krn, key.sgc, key.ti, key.ken)
        self.key_from_token = False
        self.sequence = 0
        self.power_fail_count = 0
        self.last_result = results.NONE
        self.last_amount = 0
        self.bus_ref = 0
        self.bus_hash = 0

    def pack(self, buf, slot_number, with_key):
        """Write the record into `buf`, without the CRC."""
        account, key = self.account, self.key
        struct.pack_into(
            _HEAD, buf, 0, _VERSION, slot_number,
            account.energy_wh, account.remainder, account.credit_wh,
            self.sequence & 0xFFFFFFFF, min(self.power_fail_count, 0xFFFF),
            self.last_result, self.last_amount, self.bus_ref, self.bus_hash,
            int(self.key_from_token), key.ea, key.kt, key.krn, key.ti, key.ken, key.sgc,
            len(key.key) if with_key else 0, key.key if with_key else b"",
        )  # fmt: skip
        buf[_HEAD_SIZE : _HEAD_SIZE + _TIDS] = self.tids.buf

    def unpack(self, buf):
        """Take over a record. The objects account, key and tids stay the same ones."""
        account, key = self.account, self.key
        (_, _, account.energy_wh, account.remainder, account.credit_wh,
         self.sequence, self.power_fail_count,
         self.last_result, self.last_amount, self.bus_ref, self.bus_hash,
         changed, ea, kt, krn, ti, ken, sgc, size, secret,
        ) = struct.unpack_from(_HEAD, buf, 0)  # fmt: skip
        account.remainder %= account.pulses_per_kwh  # another head was fitted
        if size:
            key.ea, key.kt, key.krn, key.ti, key.ken, key.sgc = ea, kt, krn, ti, ken, sgc
            key.key = secret[:size]
        self.key_from_token = bool(changed)
        self.tids.buf[:] = buf[_HEAD_SIZE : _HEAD_SIZE + _TIDS]


class Ledger:
    """`store`: see boards/README.md. Loads `state` at once; `fault` is True if it cannot be known.

    Neither a fault nor a blank store changes `state`.
    """

    def __init__(self, store, state):
        self._store = store
        self._state = state
        self._buf = bytearray(SLOT_SIZE)
        self._before = bytearray(SLOT_SIZE)
        self._number = 0  # of the newest good slot
        self._slot = 1  # where it is
        self.fault = False
        self.blank = False
        try:
            self._load()
        except OSError:
            self.fault = True

    def _load(self):
        blank = 0
        newest = -1
        for slot in (0, 1):
            self._store.read(slot * SLOT_SIZE, self._buf)
            if _good(self._buf):
                number = struct.unpack_from(">I", self._buf, 2)[0]
                if number >= self._number:
                    self._number = number
                    newest = slot
            elif _is_blank(self._buf):
                blank += 1
        if newest >= 0:
            self._slot = newest
            self._recall()
        elif blank:
            # Both slots are written before the first token, so with one of them still blank
            # nothing was ever promised.
            self.blank = True
        else:
            self.fault = True

    def _recall(self):
        self._store.read(self._slot * SLOT_SIZE, self._buf)
        self._state.unpack(self._buf)

    def remember(self):
        """Note the state in RAM, for undo."""
        self._state.pack(self._before, 0, True)

    def undo(self):
        """Put the state back to where remember was called."""
        self._state.unpack(self._before)

    def save(self):
        """Write the state into the older slot. OSError: it could not be saved."""
        buf = self._buf
        self._state.pack(buf, self._number + 1, self._state.key_from_token)
        struct.pack_into(">I", buf, _RECORD - 4, crc32(memoryview(buf)[: _RECORD - 4]))
        self._store.write((1 - self._slot) * SLOT_SIZE, buf)
        self._slot = 1 - self._slot
        self._number += 1


def _good(buf):
    version = struct.unpack_from(">H", buf, 0)[0]
    crc = struct.unpack_from(">I", buf, _RECORD - 4)[0]
    return version == _VERSION and crc == crc32(memoryview(buf)[: _RECORD - 4])


def _is_blank(buf):
    return buf[0] in (0, 0xFF) and all(byte == buf[0] for byte in buf)
