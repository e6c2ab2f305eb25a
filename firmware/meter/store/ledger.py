"""What must survive a power failure, in two slots that are written in turn.

The newer good slot counts, so a write that is cut off at any byte leaves the state before it.
Everything that belongs to one accepted token (its TID, the credit, the reference it came with, a
changed key) is in one slot and therefore in one write. slots.py has the bytes. A ledger of an
earlier form is found in its own place, and closed once both slots are written.
"""

import struct

from meterbus import codes
from runtime import overlay

from . import slots
from .slots import BLANK, NEWER, SLOT_SIZE

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_RETRY_MS = const(60000)

# {tag: version} of all records of this firmware. A meter without a feature drops its records.
VERSIONS = dict.fromkeys(range(1, 21), 1)
# That of the forecast, 14, too: a meter without this feature drops its record as well.
VERSIONS[1] = VERSIONS[2] = VERSIONS[7] = VERSIONS[8] = VERSIONS[14] = 2

_OLD = "meter.store.old"  # the module for ledgers of earlier forms
_RESET = ">II"  # at, tid_floor

# Causes of a fault after which a technician's order begins a new ledger.
_LOST = "the ledger is gone"
_DAMAGED = "both slots of the ledger are damaged"
_NEWER = "the ledger was written by a newer firmware"


class Ledger:
    """A feature: see core.py.

    fault: why the ledger cannot be used, "" if it can. loaded: the records are in RAM.
    failing: the last write failed: it is tried again each minute, and `changed()` is called then.
    damaged: one of two slots cannot be read; 1: perhaps as its write was cut by a power failure,
    2: for another reason.
    """

    # Of the start, see runtime/overlay.py.
    ONCE = ("open", "_load", "_load_old", "_begin", "reset", "note_start", "_done")

    def __init__(self, store, mark=None):
        """store, mark: see boards/README.md."""
        self._store = store
        self._mark = mark
        self._records = ()
        self._buf = bytearray(SLOT_SIZE)
        self._before = bytearray(SLOT_SIZE)
        self._saved = memoryview(self._buf)
        self._number = 0  # of the newest good slot
        self._slot = 1  # where it is
        self._single = False  # only one slot is good, or an old ledger is open
        self.reset_at = self.reset_tid_floor = 0  # of the last order carried out, 0 for none
        self.records = ((6, 1, self._pack_reset, self._unpack_reset),)
        self.fault = ""
        self.changed = None
        self.failing = False
        self._wait_ms = 0  # until the next write, after one that failed
        self._written = False  # since the start
        self.damaged = 0
        self.loaded = False
        self.new = False  # it was begun at this start

    def open(self, records):
        """Load the records, or begin a new ledger. records: rows (tag, version, pack, unpack).

        A fault changes no record and nothing in the store.
        """
        self._records = records
        created = None
        if self._mark:
            try:
                created = self._mark.get("ledger")
            except ValueError as error:  # whether there was a ledger is unknown
                self.fault = str(error)
                return
        try:
            known = dict(VERSIONS)
            known.update({row[0]: row[1] for row in records})
            self._load(known, created)
        except OSError:
            self.fault = "the ledger's memory does not answer"
        except ValueError:
            self.fault = "the ledger's records cannot be read"

    def _load(self, versions, created):
        blank = good = 0
        newest = -1
        for slot in (0, 1):
            self._store.read(slots.place(slot), self._buf)
            kind = slots.kind_of(self._buf, versions)
            if kind == NEWER:
                self.fault = _NEWER
                return
            if kind == BLANK:
                blank += 1
            elif kind >= 0:
                good += 1
                if kind >= self._number:
                    self._number = kind
                    newest = slot
        if newest >= 0:
            self._slot = newest
            if good == 1 and (not blank or self._number > 1):
                args = self._store, 1 - newest, self._number, self._buf
                self.damaged = overlay.call("meter.store.damage", "kind_of", *args)
            self._store.read(slots.place(newest), self._buf)
            self._apply(slots.read(self._buf))
            self._single = not slots.closed(self._store)
        else:
            self._load_old(versions, created, blank)

    def _load_old(self, versions, created, blank):
        """Load a ledger of an earlier form, or begin one. blank: how many new slots are."""
        kind, records = overlay.call(_OLD, "find", self._store, versions)
        if kind == NEWER:
            self.fault = _NEWER
        elif records is not None:
            self._single = True
            self._apply(records)
        elif created:
            self.fault = _LOST if blank == 2 and kind == BLANK else _DAMAGED
        elif blank and kind == BLANK:
            # Both slots are written before the first token, so with one of them still blank
            # nothing was ever promised.
            self._begin()
        else:
            self.fault = _DAMAGED

    def _begin(self):
        self.fault = ""
        self.new = True
        for row in self._records:
            row[3](None, 0)
        self.loaded = True

    def _apply(self, records):
        found = {tag: (version, data) for tag, version, data in records}
        for tag, _, _, unpack in self._records:
            version, data = found.get(tag, (0, None))
            unpack(data, version)
        self.loaded = True

    def reset(self, given, refuse_up_to):
        """Carry out the order `given` if the ledger is lost; True if it was carried out.

        refuse_up_to(tid): makes all token identifiers up to `tid` used. Call note_start when the
        ledger is saved: an order that was not needed is not carried out later either.
        """
        if given is None or self.fault not in (_LOST, _DAMAGED):
            return False
        order = _order(given)
        if order.wrong:
            self.fault += "; " + order.wrong
        if not order.at or self._done(order.at):
            return False
        self._begin()
        refuse_up_to(order.tid_floor)
        self.reset_at, self.reset_tid_floor = order.at, order.tid_floor
        return True

    def note_start(self, given):
        """Mark on the board that a ledger exists, and that the order `given` is dealt with."""
        if not self._mark or not self._written:
            return
        noted = {"ledger": "created"}
        order = _order(given) if given is not None else None
        if order and order.at and not self._done(order.at):
            noted["reset_at"] = order.at
            noted["reset_by"] = order.by
            noted["reset_tid_floor"] = order.tid_floor
            noted["reset_done"] = order.at == self.reset_at
        try:
            self._mark.put(noted)
        except OSError:
            pass  # a full flash must not keep the meter from working: at the next start

    def _pack_reset(self, buf, at):
        if not self.reset_at:
            return 0
        struct.pack_into(_RESET, buf, at, self.reset_at, self.reset_tid_floor)
        return struct.calcsize(_RESET)

    def _unpack_reset(self, data, _version):
        values = slots.unpack(_RESET, data, (0, 0))
        self.reset_at, self.reset_tid_floor = values

    def _done(self, at):
        return bool(self._mark) and self._mark.get("reset_at") == at

    def remember(self):
        """Note the records in RAM, for undo."""
        slots.write(self._before, 0, self._records)

    def undo(self):
        """Restore the records as they were when remember was called."""
        self._apply(slots.read(self._before))

    def save(self):
        """Write the records; True if they are in the ledger now. A faulty one is left alone, and
        one that fails for a minute."""
        if self.fault or self._wait_ms:
            return False
        try:
            self._write()
            if self._single or self.new:
                # Both slots at once: a new ledger is in both before a token is accepted, and an
                # older firmware must not find an old state where its slots are.
                self._write()
                overlay.call(_OLD, "close", self._store)
                self._single = self.new = False
            self.failing, self._written = False, True
        except OSError:
            self.failing, self._wait_ms = True, _RETRY_MS
        return not self.failing

    def tick(self, _supply_ms, real_ms):
        """Let real time pass: have a write that failed tried again."""
        if self._wait_ms:
            self._wait_ms = max(0, self._wait_ms - real_ms)
            if not self._wait_ms:
                self.changed()

    def trouble(self):
        """Return why the ledger cannot be used now, "" if it can."""
        return self.fault or ("the ledger's memory cannot be written" if self.failing else "")

    def _write(self):
        length = slots.write(self._buf, self._number + 1, self._records)
        self._store.write(slots.place(1 - self._slot), self._saved[:length])
        self._slot = 1 - self._slot
        self._number += 1

    def open_reasons(self):
        """Return LEDGER_FAULT if there is a fault, or nothing could be written since the start: a
        memory that fails later leaves the supply as it is, and the credit is charged in RAM."""
        return codes.LEDGER_FAULT if self.fault or not self._written else 0

    def known(self):
        """Return KNOWN_LEDGER if the records are what the ledger has."""
        return codes.KNOWN_LEDGER if self.loaded else 0

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        return codes.STATUS_LEDGER_FAULT if self.fault or self.failing else 0


def _order(given):
    """Return the order in settings.json."""
    return overlay.call("meter.store.reset", "Order", given)
