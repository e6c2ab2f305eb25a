"""The room that a slot of the ledger has for all records."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "portable"))

from currency_rig import PRICES, priced
from meter_rig import Memory
from orders_rig import Line

from meter.store import slots


class Large(Memory):
    """A memory for the load profile, too, of which only the beginning is kept."""

    def read(self, offset, buf):
        if offset < self.size:
            super().read(offset, buf)
        else:
            buf[:] = bytes(len(buf))


def test_all_records_at_their_longest_fit_into_a_slot():
    """Of a currency meter, whose account is the longest, with a key of EA11."""
    given = {"emergency_money": 100, "malignant": {"mode": 2}, "profile": 1, "export": 1}
    line = Line(Large(), **priced(PRICES, metering="bl0942", **given))
    one = line.meter
    one.tokens.key.ea, one.tokens.key.key, one.tokens.key_from_token = 11, bytes(16), True
    one.tokens.refuse_up_to(5000)
    one.ledger.reset_at = 1
    one.lockout.wrong[0] = one.lockout.wrong[1] = 1
    one.limiter.limit_w = one.tamper.latched = 1
    one.supply.remote = one.emergency.used = one.malignant.open = True
    one.unmeasured._open = True
    one.export.export_wh = one.orders.sequence = 1
    one.flags.given = dict.fromkeys((1, 3, 4, 6), 1)
    one.answer._accepted = 1, 1, bytes(8)
    for number in range(10):
        one.history.entered(f"{number:020}", 1, True, True)
    tags = {row[0] for feature in one.features for row in getattr(feature, "records", ())}
    assert tags == set(range(1, 21))
    length = slots.write(bytearray(slots.SLOT_SIZE), 1, one.ledger._records)
    written = {row[0] for row in one.ledger._records if row[2](bytearray(512), 0)}
    assert written == tags
    assert length <= slots.SLOT_SIZE
