"""Energy, credit, the supply and the texts of the display."""

from meter import supply
from meter.credit.account import MAX_CREDIT_WH, MIN_CREDIT_WH, Account
from meter.face import show
from meter.supply import LEDGER_FAULT, NO_CREDIT, NOT_CONFIGURED, REASONS, Supply


def test_no_energy_is_lost_or_made_by_rounding():
    for constant in (800, 1000, 1600, 3200, 6400, 333):
        account = Account(constant)
        pulses = 0
        for count in (1, 2, 3, 5, 7, 999, 0, 1):
            for _ in range(50):
                account.count(count)
                pulses += count
        assert account.energy_wh == 1000 * pulses // constant
        assert account.credit_wh == -account.energy_wh
        assert account.remainder == 1000 * pulses % constant


def test_pulses_left_end_exactly_at_zero():
    for constant in (800, 1000, 3200):
        account = Account(constant)
        account.count(7)
        account.credit_wh = 1234
        account.count(account.pulses_left() - 1)
        assert account.credit_wh > 0
        account.count(1)
        assert account.credit_wh <= 0
        assert account.pulses_left() == 0


def test_energy_starts_again_after_32_bits():
    account = Account(1000)
    account.energy_wh = 0xFFFFFFFE
    account.count(3)
    assert account.energy_wh == 1


def test_credit_has_ends():
    account = Account(1000)
    account.credit_wh = MAX_CREDIT_WH - 100
    assert account.has_room(100)
    assert not account.has_room(101)
    account.credit_wh = MIN_CREDIT_WH + 1
    account.count(5)
    assert account.credit_wh == MIN_CREDIT_WH


def test_clear_takes_credit_and_leaves_debt():
    account = Account(1000)
    for before, after in ((500, 0), (0, 0), (-20, -20)):
        account.credit_wh = before
        account.clear()
        assert account.credit_wh == after


def test_every_reason_has_its_own_bit():
    bits = [row[0] for row in REASONS]
    assert sum(bits) == 7 and len(bits) == 3


def test_one_reason_is_shown_but_all_count():
    device = Supply()
    assert device.control_state() == supply.CONNECTED and device.text() == ""
    device.set(NO_CREDIT, True)
    assert device.control_state() == supply.READY_FOR_RECONNECTION
    device.set(LEDGER_FAULT, True)
    device.set(NOT_CONFIGURED, True)
    assert device.text() == "Memory fault"
    assert device.control_state() == supply.DISCONNECTED
    device.set(LEDGER_FAULT, False)
    assert device.text() == "Not set up"
    device.set(NOT_CONFIGURED, False)
    assert device.text() == "No credit"
    device.set(NO_CREDIT, False)
    device.set(NO_CREDIT, False)
    assert device.control_state() == supply.CONNECTED


def test_the_relay_is_told_at_power_up_and_then_only_on_change():
    for contact in (True, False):
        device = Supply()
        assert device.drive(contact, 20) is True
        assert device.drive(True, 20) is None
        device.set(NO_CREDIT, True)
        assert device.drive(True, 20) is False
        assert device.drive(False, 20) is None
        assert device.drive(False, 5000000) is None


def test_a_relay_that_does_not_obey_is_told_again():
    device = Supply()
    device.set(NO_CREDIT, True)
    assert device.drive(True, 0) is False
    times = []
    for second in range(1, 2 * 3600 + 100):
        if device.drive(True, 1000) is not None:
            times.append(second)
    assert times == [1, 2, 3, 4, 5, 3605, 7205]
    assert device.relay_failed
    assert device.drive(False, 1000) is None
    assert not device.relay_failed
    assert device.drive(True, 1000) is False  # it moved on its own: five new tries


def test_kwh_texts():
    assert show.kwh(20004) == "20.00 kWh"
    assert show.kwh(-20009) == "-20.00 kWh"
    assert show.kwh_exact(-5) == "-0.005 kWh"
    for wh, text in (
        (0, "0.00kWh"),
        (9999990, "9999.99kWh"),
        (10000000, "10000.0kWh"),
        (99999990, "99999.9kWh"),
        (100000000, "100000kWh"),
        (MAX_CREDIT_WH, "2147483kWh"),
        (-999990, "-999.99kWh"),
        (-9999990, "-9999.9kWh"),
        (-2147483640, "-2147483kWh"),
    ):
        assert show.kwh_short(wh) == text, (wh, show.kwh_short(wh))
