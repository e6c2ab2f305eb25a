"""What is seen of a currency meter: texts and registers."""

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from currency_rig import FIVE, PRICES, TARIFFS, give, money, priced
from meter_rig import Memory, meter, press, shown
from modbus_rig import Line

from meter.credit import currency  # noqa: F401  while there are large pieces of heap
from meter.credit.prices import in_currency
from meter.energy import tariffs  # noqa: F401
from meter.face import words
from meterbus import energy_rows, registers


def credited():
    """Return a meter with 19.99624 KES."""
    device = meter(**priced(daily=150000))
    device.enter_token(money(1999624))
    device.panel.dismiss()
    return device


def test_the_texts_are_money():
    device = credited()
    assert shown(device)[0] == "Credit  19.99KES"
    for code, texts in (
        ("801#", ("Credit", "19.99624 KES")),
        ("817#", ("Last amount", "19.99624 KES")),
        ("823#", ("Price", "25.00 KES/kWh")),
        ("824#", ("Daily charge", "1.50 KES")),
        ("836#", ("T2", "12.00033 KES/kWh")),
        ("851#", ("Total", "0.00 kWh")),
    ):
        press(device, code)
        assert shown(device) == texts


def test_credit_is_money_in_each_language_and_fits():
    for language in words.LANGUAGES:
        device = meter(language=language, emergency_money=2000000, **priced(daily=0))
        found = list((device.display().value,) + shown(device))
        device.enter_token(money(12345678))
        found += list((device.display().value,) + shown(device))
        for code in ("801", "817"):
            press(device, code + "#")
            found += list((device.display().value,) + shown(device))
        give(device, 0)
        device.elapsed(1000, 1000)
        press(device, "*#")
        assert device.emergency.used
        found += list((device.display().value,) + shown(device))
        press(device, "*")
        found += list((device.display().value,) + shown(device))
        assert not [text for text in found if "kWh" in text], language
        money_texts = [text for text in found if "KES" in text]
        assert "+123.46 KES" in money_texts and "20.00 KES" in money_texts
        assert len([text for text in shown(device) if len(text) > 16]) == 0
        device = None


def test_the_report_has_money():
    report = credited().report()
    assert report["credit_wh"] is None
    assert (report["credit_money"], report["currency"]) == (1999624, "KES")
    assert "currency" not in meter(features="core").report()


def test_amounts_as_texts():
    for amount, places, text in (
        (0, 2, "0.00 KES"),
        (-1, 2, "0.00 KES"),
        (-1000000, 2, "-0.01 KES"),
        (-150000000, 2, "-1.50 KES"),
        (1999624999, 5, "19.99624 KES"),
        (199900000000, 0, "1999 KES"),
        (10**17, 2, "1000000000.00 KES"),
    ):
        assert in_currency(amount, places, "KES") == text


def test_the_registers():
    line = Line(**priced(daily=7))
    line.meter.enter_token(money(500000))
    line.meter.pulses(1)
    start, count = registers.block("credit_money", "prices_crc")
    found = line.read(start, count)
    assert found.pop("prices_crc") == priced(daily=7)["currency_crc"]
    assert found == {
        "credit_money": 497524,
        "currency": "KES",
        "price_now": PRICES[0],
        "price_1": PRICES[0],
        "price_2": PRICES[1],
        "price_3": PRICES[2],
        "price_4": PRICES[3],
        "daily_charge": 7,
    }
    assert registers.block("credit_money", "currency") == (
        energy_rows.MONEY_START,
        energy_rows.MONEY_COUNT,
    )
    account = line.read(registers.ACCOUNT_START, registers.ACCOUNT_COUNT)
    assert account["credit"] == energy_rows.NOT_ENERGY and account["energy_wh"] == 1
    line.meter.pulses(1000)
    assert line.read(energy_rows.MONEY_START, 4) == {"credit_money": 500024 - 2502500}
    assert line.enter(money(500000, 1), 77) == 0
    line.view.work()
    assert line.read(registers.PROOF_START, 2) == {"result_credit": energy_rows.NOT_ENERGY}
    line = None
    assert Line().code("credit_money") != 0  # a meter that counts energy has no such register


def test_no_short_code_is_there_twice():
    device = meter(tariffs=TARIFFS, export=1, **priced())
    found = [row[0] for one in device.features for row in getattr(one, "CODES", ())]
    assert len(set(found)) == len(found)


def test_prices_that_are_unknown_charge_nothing_and_are_not_displayed():
    memory = Memory()
    device = meter(memory, features="core", **priced())
    device.enter_token(money(500000))
    given = priced()
    given["currency_crc"] = 1
    line = Line(memory, **given)
    line.meter.pulses(100)
    assert line.meter.account.credit == FIVE and line.meter.account.energy_wh == 100
    assert not line.meter.known() & energy_rows.MONEY_KNOWN
    assert "credit_money" in line.unknown() and "price_1" in line.unknown()
    assert line.meter.keys.short_code("835") == ("T1", None)
    assert line.meter.account.cost(100, 1) == 0
