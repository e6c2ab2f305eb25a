"""A feature declares itself: one line in the list brings everything that it has."""

from meter_rig import FIRST_TID, KEY, Memory, meter, press, shown

from meter import features
from meterbus import codes
from sts_portable import results, vendor

_CODE = 0x26  # set phase power unbalance limit: a token that the meter has no handler for


class Limit:
    """A feature with one entry of each kind."""

    def __init__(self, meter):
        self.drn = meter.settings.drn
        self.limit_w = 0
        self.passed = None
        self.records = ((200, 1, self._pack, self._unpack),)

    def _pack(self, buf, at):
        buf[at] = self.limit_w >> 8
        buf[at + 1] = self.limit_w & 0xFF
        return 2 if self.limit_w else 0

    def _unpack(self, data, _version):
        self.limit_w = data[0] << 8 | data[1] if data else 0

    def open_reasons(self):
        return codes.SAFE_MODE if self.limit_w == 1 else 0

    def status(self):
        return codes.STATUS_SAFE if self.limit_w else 0

    def known(self):
        return 0x4000

    def tick(self, supply_ms, real_ms):
        self.passed = (supply_ms, real_ms)

    def _token(self, token):
        if token.field("mppul") > 0xFFFF:
            return results.RANGE_ERROR, ""
        self.limit_w = token.field("mppul")
        return results.ACCEPT, "%d W" % self.limit_w

    TOKENS = {_CODE: _token}
    REGISTERS = {"power_limit_w": lambda self: self.limit_w}
    CODES = (
        ("899", "Limit", codes.KNOWN_ALWAYS, lambda self: "%d W" % self.limit_w),
        ("898", "Unknown", 0x2000, lambda self: "never"),
    )


class Extended:
    """A meter with `Limit` in its list of features."""

    def __enter__(self):
        self._before = features.FEATURES
        features.FEATURES = self._before + (("limit", __name__, ""),)

    def __exit__(self, *_):
        features.FEATURES = self._before


def _limit_token(watts, number=0):
    return vendor.management(KEY, 7, 6, FIRST_TID + number, 0, mppul=watts)


def test_one_line_in_the_list_brings_a_feature():
    assert meter().enter_token(_limit_token(500)) == results.FUNCTION_ERROR
    with Extended():
        memory = Memory()
        device = meter(memory)
        assert device.enter_token(_limit_token(500)) == results.ACCEPT
        assert shown(device) == ("Accepted", "500 W")
        assert device.enter_token(_limit_token(500)) == results.USED_ERROR
        for code, texts in (("899#", ("Limit", "500 W")), ("898#", ("Unknown", "---"))):
            press(device, code)
            assert shown(device) == texts
        assert device.table("REGISTERS")["power_limit_w"] is device.limit
        assert device.status() & codes.STATUS_SAFE and device.known() & 0x4000
        device.elapsed(60, 1)
        assert device.limit.passed == (60, 1)
        assert device.enter_token(_limit_token(1, 1)) == results.ACCEPT
        assert device.supply.reasons & codes.SAFE_MODE
        assert meter(memory).limit.limit_w == 1


def test_a_token_of_a_feature_that_cannot_be_stored_did_nothing():
    with Extended():
        memory = Memory()
        device = meter(memory)
        device.enter_token(_limit_token(500))
        memory.broken = True
        assert device.enter_token(_limit_token(600, 1)) == results.NONE
        assert device.limit.limit_w == 500


def test_a_record_is_added_to_an_old_ledger_and_an_old_firmware_leaves_it_alone():
    memory = Memory()
    meter(memory)
    with Extended():
        device = meter(memory)
        assert device.ledger.fault == "" and device.limit.limit_w == 0
        device.enter_token(_limit_token(500))
    before = bytes(memory.data)
    device = meter(memory)
    assert device.ledger.fault == "the ledger was written by a newer firmware"
    assert bytes(memory.data) == before
