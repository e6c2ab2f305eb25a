"""The operator's order after malignant loads: the token that clears tampering."""

from meter_rig import FIRST_TID, KEY, Memory, meter, reading, token

from meterbus import codes
from sts_portable import results
from sts_portable.token import make


def _device(memory, mode=2):
    return meter(memory, malignant={"mode": mode, "restorations": 0})


def _locked(memory):
    one = _device(memory)
    one.enter_token(token(200))
    part = reading(230000, 435, 1000)
    for watts in [100] * 6 + [1100] * 8:
        part.w_x10 = 10 * watts + (part.number & 1)
        part.ma = watts * 1000 // 230
        part.changed()
        one.elapsed(500, 500)
        one.sensed(part, 0, True)
    assert one.supply.reasons == codes.MALIGNANT_LOCKED
    return one


def _clear(number=1):
    return make(2, 5, KEY, 7, rnd=3, tid=FIRST_TID + number)


def test_the_operators_token_restores_the_supply():
    memory = Memory()
    one = _locked(memory)
    assert one.enter_token(token(10, 2)) == results.ACCEPT
    assert one.enter_token(make(2, 0, KEY, 7, rnd=3, tid=FIRST_TID + 3, mpl=0)) == results.ACCEPT
    assert one.supply.reasons == codes.MALIGNANT_LOCKED  # no other token does
    assert one.enter_token(_clear(4)[:-1] + "0") != results.ACCEPT
    assert one.supply.reasons == codes.MALIGNANT_LOCKED
    sequence = one.events.sequence
    assert one.enter_token(_clear(5)) == results.ACCEPT
    assert one.display().value == "Restored"
    assert not one.supply.reasons and not one.status() & codes.STATUS_MALIGNANT
    found = [one.events.entry(n)[1:] for n in range(sequence + 1, one.events.sequence + 1)]
    assert (codes.EVENT_MALIGNANT_RESTORED, 1) in found
    assert one.enter_token(_clear(5)) == results.USED_ERROR
    assert not _device(memory).supply.reasons


def test_the_token_of_a_write_that_failed_restores_nothing():
    memory = Memory()
    one = _locked(memory)
    memory.broken = True
    assert one.enter_token(_clear()) == results.NONE
    assert one.malignant.locked and one.supply.reasons
    memory.broken = False
    assert _device(memory).supply.reasons == codes.MALIGNANT_LOCKED


def test_another_mode_ends_the_lock_and_the_alarm():
    for mode in (0, 1):
        memory = Memory()
        _locked(memory)
        one = _device(memory, mode)
        assert not one.supply.reasons and not one.status() & codes.STATUS_MALIGNANT
        assert one.keys.short_code("871") == ("Restorations", "0")
        one.pulses(20)  # the ledger is saved
        assert not _device(memory).supply.reasons
