"""The names of all settings, and rules for those that a board ignores when it cannot use them.

The firmware itself checks the others: settings_check.py runs it. A test compares the names with
those that the firmware reads.
"""

import difflib
import zlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from meterbus import parameters
from tjugo import face_docs

Rule = Callable[[Any], bool]

PARTS = ("s0", "pzem004t", "bl0942", "cse7766", "hlw8012", "bl0937", "atm90e26", "ade7953")
_BAUDRATES = (9600, 1200, 2400, 4800, 19200, 38400, 57600, 115200)
_DISPLAYS = ("hd44780", "hd44780_20x4", "ssd1306", "ssd1306_32", "sh1106", "tm1637")
_LAST_ADDRESS, _LAST_PIN = 0x77, 48  # of I2C; GPIO of an ESP32-S3
_GAINS = (1000000, 1000000, 1000000)  # of voltage, current and power
_GAIN_RANGE = (100000, 10000000)
_CODE_DIGITS = 3


def whole(value: object, low: int, high: int) -> bool:
    """Return whether a value is a whole number from `low` to `high`."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _one_of(values: Collection[Any]) -> Rule:
    kept = [(type(value), value) for value in values]
    return lambda value: (type(value), value) in kept


def _numbers(count: int, low: int, high: int) -> Rule:
    return lambda value: (
        isinstance(value, list)
        and len(value) == count
        and all(whole(number, low, high) for number in value)
    )


def _number(low: int, high: int) -> Rule:
    return lambda value: whole(value, low, high)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _codes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= _CODE_DIGITS
        for code in value
    )


def _wifi(value: object) -> bool:
    names = {"ssid", "password"}
    return isinstance(value, dict) and names >= set(value) and all(map(_text, value.values()))


_YES_NO = _one_of((False, True))
# Of every board.
_BOARD: dict[str, Rule] = {
    "baudrate": _one_of(_BAUDRATES),
    "clock": _one_of(("ds3231",)),
    "load_w": _number(-100000, 100000),  # these two of emulated boards
    "ntp": _text,
    "report": _YES_NO,
    "rs485_echo": _YES_NO,
    "speed": _number(1, 100000),
    "watchdog": _YES_NO,
    "wifi": _wifi,
}
_METER: dict[str, Rule] = {
    "display": _one_of(_DISPLAYS),
    "display_address": _number(1, _LAST_ADDRESS),
    "gains": _numbers(len(_GAINS), *_GAIN_RANGE),
    "gains_crc": _number(0, 0xFFFFFFFF),
    "key_click": _YES_NO,
    "keypad": _one_of(("matrix", "buttons")),
    "language": _one_of(tuple(face_docs.NAMES)),
    "led_imp_per_kwh": _number(1, 10000),
    "magnet": _one_of((False, "low", "high")),
    "metering": _one_of(PARTS),
    "relay_sense": _YES_NO,
    "scroll": _codes,
    "scroll_s": _number(0, 3600),
    "sealed": _number(0, 1),
    "short_codes": _one_of(tuple(face_docs.NUMBERINGS)),
    "terminal_cover": _YES_NO,
    "tm1637_pins": _numbers(2, 0, _LAST_PIN),
}
_RULES = {"meter": _BOARD | _METER, "collector": _BOARD}
# Checked by the firmware. "mark" is written by the meter itself.
_CHECKED = {
    "meter": (
        "address control_mode currency currency_crc currency_daily currency_decimals "
        "currency_prices demand_period_min demand_slides dns drn ea emergency_money emergency_wh "
        "export features friendly_days friendly_from_min friendly_to_min home_assistant ken key "
        "krn kt ledger_reset low_credit_money low_credit_wh lower_credit_money lower_credit_opens "
        "lower_credit_wh malignant mark maximum_credit_money maximum_credit_wh "
        "metering_opens_min mfr_code over_voltage_v "
        "overload_delay_s overload_lock_s overload_off_s overload_quiet_s overload_trips "
        "overload_w page profile pulses_per_kwh sgc tamper_detects tamper_opens tariff_no_time "
        "tariffs ti under_voltage_v utc_offset_min voltage_delay_s voltage_hysteresis_v "
        "voltage_opens"
    ).split(),
    "collector": (
        "broker dns id job_days max_jobs max_jobs_per_meter meters poll_ms reply_timeout_ms tenant"
    ).split(),
}


def names(role: str) -> set[str]:
    """Return the names of all settings of a role, "meter" or "collector"."""
    return {*_RULES[role], *_CHECKED[role]}


def unknown(role: str, given: Collection[str]) -> str:
    """Return a sentence about a name that is no setting, with the nearest one; "" for none."""
    known = names(role)
    for name in given:
        if name in known:
            continue
        near = difflib.get_close_matches(name.lower(), sorted(known), 1)
        hint = f" Is it {near[0]}?" if near else ""
        return f"A {role} has no setting {name}.{hint}"
    return ""


def ignored(role: str, settings: Mapping[str, Any]) -> str:
    """Return the name of a setting that a board would ignore, or that contradicts another one; ""
    for none. What the firmware checks is right already."""
    for name, rule in _RULES[role].items():
        if name in settings and not rule(settings[name]):
            return name
    if role != "meter":
        return ""
    if name := parameters.conflict(settings):
        return name
    if "gains_crc" in settings:
        text = ",".join(str(gain) for gain in settings.get("gains", _GAINS))
        if settings["gains_crc"] != zlib.crc32(text.encode()):
            return "gains_crc"
    return ""
