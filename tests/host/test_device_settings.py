"""Settings that a board would ignore or stumble over are refused, and survived all the same."""

import random
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "portable"))  # the rig is also MicroPython's
from meter_rig import press, settings
from profile_rig import Large

from boards.common import rs485
from meter.core import Meter
from meterbus import parameters
from tjugo.device import setting_names, settings_check
from tjugo.errors import TjugoError

GOOD = settings(drn="01000000016")
WRONG = [
    *({"pulses_per_kwh": value} for value in (0, -1, "abc", 1600.0, 10**12, True, None)),
    *({"scroll": value} for value in (["abc"], "801", [""], ["8011"], [801], {}, ["80²"])),
    *({"scroll_s": value} for value in (-1, 99999, "5")),
    *({"led_imp_per_kwh": value} for value in (0, "x")),
    {"key_click": "no"},
    {"watchdog": "no"},
    {"report": 1},
    {"relay_sense": "yes"},
    {"rs485_echo": 1},
    {"baudrate": 7},
    {"metering": "foo"},
    {"gains": [0, 0, 0]},
    {"gains": [1000000, 1000000]},
    {"gains": [1000000] * 3, "gains_crc": 5},
    {"display_address": "39"},
    {"tm1637_pins": [1]},
    {"wifi": {"sid": "x"}},
    {"metering_opens_min": -1},
    {"over_voltage_v": 240, "under_voltage_v": 241},
    {"low_credit_wh": 100, "lower_credit_wh": 5000},
]


@pytest.mark.parametrize("given", WRONG, ids=str)
def test_a_setting_that_cannot_be_used_is_refused_by_name(given):
    with pytest.raises(TjugoError) as caught:
        settings_check.check("meter", {**GOOD, "metering": "bl0942", **given})
    assert caught.value.status == 2 and [*given][-1] in caught.value.message


@pytest.mark.parametrize("value", [0, -1, "abc", 1600.5, 10**12, True, None])
def test_a_wrong_constant_makes_the_meter_not_configured(value):
    meter = Meter({**GOOD, "pulses_per_kwh": value}, Large())
    assert meter.settings.wrong == "pulses_per_kwh" and not meter.usable()


@pytest.mark.parametrize(
    ("role", "name", "near"),
    [
        ("meter", "malignent", "Is it malignant?"),
        ("meter", "overload", "Is it overload_w?"),
        ("meter", "Features", "Is it features?"),
        ("meter", "zzz", "has no setting zzz."),
        ("collector", "poll", "Is it poll_ms?"),
        ("collector", "malignant", "has no setting malignant"),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest_one(role, name, near):
    with pytest.raises(TjugoError, match=re.escape(near)) as caught:
        settings_check.check(role, {name: 1}, [name])
    assert caught.value.status == 2
    if name not in setting_names.names("meter"):
        settings_check.check("meter", {**GOOD, name: 1}, ["address"])  # the board has it already


def test_the_default_part_recognises_no_malignant_loads():
    given = {**GOOD, "malignant": {"mode": 2}}
    with pytest.raises(TjugoError, match="with the metering part s0"):
        settings_check.check("meter", given)
    settings_check.check("meter", given, default_part="simulated")


def test_the_rules_are_those_of_the_boards():
    assert rs485._BAUDRATES == setting_names._BAUDRATES


READS = re.compile(
    r'(?:settings|given|number|_settings)(?:\.get|\.number)?\(\s*"([a-z_0-9]+)"'
    r'|limit\(settings, "([a-z_]+)"|^    \("([a-z_]+)", [^"]*, \d+, \d+\),$',
    re.MULTILINE,
)
OTHERS = {"at", "by", "tid_floor", "ssid", "password"}  # of objects within settings


def test_every_setting_that_the_firmware_reads_has_a_name(repo):
    found = set()
    for area in ("firmware/meter", "firmware/runtime", "boards/common"):
        for path in (repo / area).rglob("*.py"):
            if "malignant" in path.parts:
                continue  # an object that the firmware checks by itself
            for one, limit, row in READS.findall(path.read_text()):
                found |= {f"{limit}_wh", f"{limit}_money"} if limit else {one or row}
    found |= {
        row[parameters.NAME]
        for row in parameters.ROWS + parameters.MONEY
        if row[parameters.FEATURE] != parameters.MALIGNANT
    }
    known = setting_names.names("meter") | setting_names.names("collector")
    assert len(found) > 60 and found - known - OTHERS == set()


ODD = (None, True, False, 0, 1, -1, 7, 2**31, 10**12, 1.5, "", "abc", "801", "²", [], ["abc"], {})
ODDER = ([[127, 0, 1]], [[0]], [1, 2, 3], {"mode": 2}, {"x": 1}, [None], [[]], {"port": "x"})


def _keys(chance):
    codes = ("###", "870#", "871#", "301#", "310#", "841#", "822#", "!", ">>>>>", "*")
    codes += tuple(f"{number}#" for number in range(798, 872))
    return "".join(chance.sample(codes, 20))


@pytest.mark.parametrize("seed", range(60))
def test_random_settings_do_not_stop_the_meter(seed):
    chance = random.Random(seed)
    names = sorted(setting_names.names("meter") - {"ledger_reset", "page", "home_assistant"})
    for _ in range(10):
        given = {name: chance.choice(ODD + ODDER) for name in chance.sample(names, 12)}
        given = GOOD | given if chance.random() < 0.5 else given | GOOD
        meter = Meter(given, Large(), unix=lambda: 1790000000)
        press(meter, _keys(chance))
        for _ in range(30):
            meter.elapsed(61000, 1000)
            meter.pulses(3)
            meter.display()
            meter.relay_command(1000)
        press(meter, "#" * 8)
        meter.report()
