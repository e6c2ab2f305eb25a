"""The settings of a currency meter, and its record in the ledger."""

import gc
from binascii import crc32

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from currency_rig import PRICES, money, priced
from meter_rig import Memory, meter, token

from meter.credit.account import Account as EnergyAccount
from meterbus import codes
from sts_portable import results


def test_settings_that_cannot_be_used():
    good, memory = priced(), Memory()
    for name, values in (
        ("currency", (None, "", "KE", "kes", "KESX", 404)),
        ("currency_prices", (None, [], [1, 2], [0], [-1], [1 << 32], [True], 5, ["1"])),
        ("currency_daily", (-1, 1 << 32, "1")),
        ("currency_decimals", (-1, 6)),
        ("currency_crc", (None, 1)),
        ("low_credit_wh", (5000,)),
        ("low_credit_money", (-1, 10**15)),
    ):
        for value in values:
            given = dict(good)
            given[name] = value
            device = None  # its memory is needed
            gc.collect()
            device = meter(memory, features="core", **given)
            assert device.settings.wrong == name, (name, value, device.settings.wrong)
            assert device.enter_token(money(500000)) == results.NONE
            assert device.supply.reasons & codes.NOT_CONFIGURED
    changed = dict(good)
    changed["currency_prices"] = [2500001, 1200033, 3, 4294967295]
    assert meter(features="core", **changed).settings.wrong == "currency_crc"


def test_a_meter_that_counted_energy_keeps_its_register_and_pays_its_debt():
    memory = Memory()
    energy = meter(memory, features="core")
    energy.pulses(20)
    device = meter(memory, features="core", **priced())
    assert device.ledger.fault == ""
    assert (device.account.energy_wh, device.account.credit) == (20, -20 * PRICES[0])
    device.pulses(5)
    again = meter(memory, features="core", **priced())
    assert (again.account.energy_wh, again.account.credit) == (20, -20 * PRICES[0])


def test_credit_of_the_other_kind_is_a_fault_that_changes_nothing():
    for first, second, digits in (
        ({"features": "core"}, priced(features="core"), token(10)),
        (priced(features="core"), {"features": "core"}, money(500000)),
    ):
        memory = Memory()
        assert meter(memory, **first).enter_token(digits) == results.ACCEPT
        before = crc32(memory.data)
        device = None  # its memory is needed
        gc.collect()
        device = meter(memory, **second)
        assert device.ledger.fault and device.supply.reasons & codes.LEDGER_FAULT
        assert crc32(memory.data) == before
        device = None
        gc.collect()
        device = meter(memory, **first)
        assert device.ledger.fault == "" and device.account.credit > 0


# Version 2: 1234567 Wh, 5/1000 pulse, 19.99624 KES less 1e-8, its token field, 77 minutes.
_RECORD = bytes.fromhex("0012d6870000000500000000772fd73f00012345004d")


def test_the_stored_record_is_read_by_later_versions():
    account = meter(features="core", **priced()).account
    account._unpack(_RECORD, 2)
    assert (account.energy_wh, account.remainder) == (1234567, 5)
    assert (account.credit, account.minutes, account.last_field) == (1999623999, 77, 0x12345)
    buf = bytearray(40)
    assert account._pack(buf, 3) == len(_RECORD)
    assert bytes(buf[3 : 3 + len(_RECORD)]) == _RECORD


def test_an_energy_meter_does_not_load_the_currency():
    device = meter(features="core")
    assert type(device.account) is EnergyAccount
