"""Energy, credit, the supply and the texts of the display."""

from meter_rig import meter, settings

from drivers.display_layout import squeezed
from meter.credit.account import MAX_CREDIT_WH, MIN_CREDIT_WH, Account
from meter.face import show
from meter.settings import Settings
from meterbus import codes, descriptions, status_bits


class Head:
    """The part of a meter that an account uses."""

    ledger = None

    def __init__(self, pulses_per_kwh):
        self.pulses_per_kwh = pulses_per_kwh
        self.settings = Settings(settings())


def test_no_energy_is_lost_or_made_by_rounding():
    for constant in (800, 1000, 1600, 3200, 6400, 333):
        account = Account(Head(constant))
        pulses = 0
        for count in (1, 2, 3, 5, 7, 999, 0, 1):
            for _ in range(50):
                account.count(count)
                pulses += count
        assert account.energy_wh == 1000 * pulses // constant
        assert account.credit == -account.energy_wh
        assert account.remainder == 1000 * pulses % constant


def test_pulses_left_end_exactly_at_zero():
    for constant in (800, 1000, 3200):
        account = Account(Head(constant))
        account.count(7)
        account.credit = 1234
        while account.pulses_left() == constant:
            account.count(constant)
        account.count(account.pulses_left() - 1)
        assert account.credit > 0
        account.count(1)
        assert account.credit <= 0
        assert account.pulses_left() == 0


def test_energy_starts_again_after_32_bits():
    account = Account(Head(1000))
    account.energy_wh = 0xFFFFFFFE
    account.count(3)
    assert account.energy_wh == 1


def test_credit_has_ends():
    account = Account(Head(1000))
    account.credit = MAX_CREDIT_WH - 100
    assert account.has_room(100)
    assert not account.has_room(101)
    account.credit = MIN_CREDIT_WH + 1
    account.count(5)
    assert account.credit == MIN_CREDIT_WH


def test_clear_takes_credit_and_leaves_debt():
    account = Account(Head(1000))
    for before, after in ((500, 0), (0, 0), (-20, -20)):
        account.credit = before
        account.clear()
        assert account.credit == after


def test_every_bit_of_a_table_is_used_once():
    for table in (codes.REASONS, status_bits.STATUS, descriptions.KNOWN):
        bits = sorted(row[0] for row in table)
        assert bits == [1 << i for i in range(len(table))]
        assert len({row[1] for row in table}) == len(table)


def test_one_reason_is_shown_but_all_count():
    device = meter().supply
    for reasons, state, text in (
        (0, codes.CONNECTED, ""),
        (codes.NO_CREDIT, codes.READY_FOR_RECONNECTION, "No credit"),
        (
            codes.NO_CREDIT | codes.LEDGER_FAULT | codes.NOT_CONFIGURED,
            codes.DISCONNECTED,
            "Memory fault",
        ),
        (codes.NO_CREDIT | codes.NOT_CONFIGURED, codes.DISCONNECTED, "Not set up"),
    ):
        device.reasons = reasons
        assert (device.control_state(), device.text()) == (state, text)


def _drive(device, contact_closed, ms):
    device.contact_closed = contact_closed
    return device.drive(ms)


def test_the_relay_is_sent_at_power_up_and_then_only_on_change():
    for contact in (True, False):
        device = meter().supply
        device.reasons = 0
        assert _drive(device, contact, 20) is True
        assert _drive(device, True, 20) is None
        device.reasons = codes.NO_CREDIT
        assert _drive(device, True, 20) is False
        assert _drive(device, False, 20) is None
        assert _drive(device, False, 5000000) is None


def test_a_relay_that_does_not_move_is_sent_again():
    device = meter().supply
    device.reasons = codes.NO_CREDIT
    assert _drive(device, True, 0) is False
    times = []
    for second in range(1, 2 * 3600 + 100):
        if _drive(device, True, 1000) is not None:
            times.append(second)
    assert times == [1, 2, 3, 4, 5, 3605, 7205]
    assert device.relay_failed and device.status() & codes.STATUS_RELAY_FAULT
    assert _drive(device, False, 1000) is None
    assert not device.relay_failed
    assert _drive(device, True, 1000) is False  # it moved on its own: five new tries


def test_kwh_texts():
    assert show.kwh(20004) == "20.00 kWh"
    assert show.kwh(-20009) == "-20.00 kWh"
    assert show.kwh_exact(-5) == "-0.005 kWh"


def test_quantities_fit_a_display_by_fewer_decimals():
    for wh, text in (
        (0, "0.00 kWh"),
        (99990, "99.99 kWh"),
        (100000, "100.00 kWh"),
        (1000000, "1000.00kWh"),
        (9999990, "9999.99kWh"),
        (10000000, "10000.0kWh"),
        (99999990, "99999.9kWh"),
        (100000000, "100000kWh"),
        (MAX_CREDIT_WH, "2147483kWh"),
        (-999990, "-999.99kWh"),
        (-9999990, "-9999.9kWh"),
        (-2147483640, "-2147483"),
    ):
        assert squeezed(show.kwh(wh), 10) == text, (wh, squeezed(show.kwh(wh), 10))
    assert squeezed("---", 2) == "---" and squeezed("No credit", 4) == "No credit"
