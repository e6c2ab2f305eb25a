"""The self-test of a meter for a technician: what is checked over its bus."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meterbus import codes, energy_rows
from sts_portable import results
from sts_portable.pan import drn_valid
from tjugo.counted import reported
from tjugo.device import prices
from tjugo.device.bus_line import BusLine
from tjugo.device.bus_meter import BusMeter
from tjugo.errors import TjugoError

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
_PRODUCT, _VERSION, _BOARD = 1, 2, 5  # objects of the device identification
_VOLTS = (161, 276)
_HERTZ = (45, 65)
_MOST_AMPS = 120
_CLOCK_ERROR_S = 60
_OPENS_S, _CLOSES_S = 10.0, 20.0
_SETTLES_S = 3.0
_SWITCH_TEST, _DISPLAY_TEST = 1, 2  # class 1 tests, 62055-41
_NO_TEST = 'no tests without "features": "full", and no two of the load switch within 5 minutes'


@dataclass(frozen=True)
class Check:
    """What was checked, OK, FAILED or UNKNOWN, and what was found."""

    name: str
    state: str
    detail: str


def on_the_bus(line: BusLine, relay: bool) -> list[Check]:
    """Return the checks of the meter at the line's address. relay: open and close it.

    Raise TjugoError if nobody answers.
    """
    meter = BusMeter(line)
    device = meter.block("drn", "known")
    if device is None:
        raise TjugoError(f"The device at address {line.address} is no meter of this firmware.")
    return [
        *_identity(meter, device),
        _settings(device),
        _store(meter, device),
        _metering(meter),
        _clock(meter),
        _tamper(meter, device),
        *_prices(meter, device),
        *_relay(meter, relay),
        _display(meter),  # at the end: another token would end its test
    ]


def _identity(meter: BusMeter, device: Mapping[str, Any]) -> list[Check]:
    found = meter.objects()
    drn = str(device["drn"])
    valid = drn_valid(drn) and "prepaid-meter" in found.get(_PRODUCT, "")
    told = f"{found.get(_PRODUCT, '?')} {drn or 'without a number'} on {found.get(_BOARD, '?')}"
    crash = found.get(codes.CRASH_OBJECT)
    version = found.get(_VERSION, "")
    if device["device_status"] & codes.STATUS_SAFE:
        firmware = Check("firmware", FAILED, f"safe mode: {crash or 'no crash report'}")
    elif crash:
        firmware = Check("firmware", FAILED, f"{version}, last crash: {crash}")
    else:
        firmware = Check("firmware", OK if version else UNKNOWN, version or "no version")
    return [Check("identification", OK if valid else FAILED, told), firmware]


def _settings(device: Mapping[str, Any]) -> Check:
    wrong = device["device_reasons"] & codes.NOT_CONFIGURED
    return Check(
        "settings",
        FAILED if wrong else OK,
        "a setting cannot be used: the display and the service port name it" if wrong else "",
    )


def _store(meter: BusMeter, device: Mapping[str, Any]) -> Check:
    if device["device_status"] & codes.STATUS_LEDGER_FAULT:
        return Check("store", FAILED, "the ledger is at fault")
    if not device["known"] & codes.KNOWN_LEDGER:
        return Check("store", UNKNOWN, "the ledger is not loaded")
    if not meter.events_readable():
        return Check("store", FAILED, "the event log cannot be read")
    return Check("store", OK, "ledger and event log can be read")


def _metering(meter: BusMeter) -> Check:
    found: dict[str, float | None] = {}
    for name in ("sdm_voltage", "sdm_current", "sdm_power", "sdm_frequency"):
        block = meter.block(name, function=4)
        found[name[4:]] = None if block is None else block[name]
    return plausible(found)


def plausible(found: Mapping[str, float | None]) -> Check:
    """Return whether measured values (voltage, current, power, frequency: V, A, W, Hz; None for
    what is not known) can be."""
    units = {"voltage": "V", "current": "A", "power": "W", "frequency": "Hz"}
    shown = [
        f"{value:.{1 if unit != 'A' else 3}f} {unit}"
        for name, unit in units.items()
        if (value := found.get(name)) is not None
    ]
    told = ", ".join(shown)
    if found.get("power") is None:
        return Check("metering", FAILED, "the metering part does not answer")
    volts, amps, watts = found.get("voltage"), found.get("current"), found["power"]
    hertz = found.get("frequency")
    wrong = []
    if volts is not None and not _VOLTS[0] <= volts <= _VOLTS[1]:
        wrong.append("voltage")
    if hertz is not None and not _HERTZ[0] <= hertz <= _HERTZ[1]:
        wrong.append("frequency")
    if amps is not None and amps > _MOST_AMPS:
        wrong.append("current")
    if volts is not None and amps is not None and watts is not None:
        if abs(watts) > 1.05 * volts * amps + 10:
            wrong.append("power")
    if wrong:
        return Check("metering", FAILED, f"{told}: the {' and the '.join(wrong)} cannot be")
    return Check("metering", OK, told)


def _clock(meter: BusMeter) -> Check:
    found = meter.block("unix")
    if found is None:
        return Check("clock", UNKNOWN, "not set: `tjugo bus clock --set` sets it")
    off = found["unix"] - round(time.time())
    if abs(off) > _CLOCK_ERROR_S:
        way = "fast" if off > 0 else "slow"
        return Check("clock", FAILED, f"{abs(off)} s {way} against this computer")
    return Check("clock", OK, time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(found["unix"])))


def _prices(meter: BusMeter, device: Mapping[str, Any]) -> list[Check]:
    """Return the check of a meter whose credit is money; none for one that counts energy."""
    found = meter.block("credit_money", "prices_crc")
    if found is None:
        account = meter.block("credit")
        if account is None or account["credit"] != energy_rows.NOT_ENERGY:
            return []
        return [Check("prices", FAILED, "the credit is money, and the prices cannot be used")]
    four = [found[f"price_{rate}"] for rate in range(1, prices.RATES + 1)]
    currency, daily = found["currency"], found["daily_charge"]
    told = f"credit {reported(found['credit_money'], currency)}; a kWh costs "
    told += ", ".join(reported(price, None) for price in dict.fromkeys(four))
    told += f" {currency}, a day {reported(daily, currency)}"
    if prices.checksum(currency, four, daily) != found["prices_crc"]:
        return [Check("prices", FAILED, f"{told}: the checksum is another one")]
    return [Check("prices", OK, told)]


def _display(meter: BusMeter) -> Check:
    result = meter.enter_test(_DISPLAY_TEST)
    if result == results.ACCEPT:
        return Check("display", OK, "test begun: all segments, and the sound of acceptance")
    if result == results.FUNCTION_ERROR:
        return Check("display", UNKNOWN, 'no tests without "features": "full"')
    return Check("display", FAILED, f"the test token is refused: {_result(result)}")


def _relay(meter: BusMeter, operate: bool) -> list[Check]:
    meter.wait(_follows, _SETTLES_S)  # the relay may just be moving
    device = meter.block("drn", "known") or {}
    closed = _is_closed(device)
    reasons = [row[3] for row in codes.REASONS if row[0] & device["device_reasons"]]
    told = "closed" if closed else f"open: {', '.join(reasons) or 'no reason'}"
    if not _follows(device):
        place = "open" if closed else "closed"
        state = Check("relay", FAILED, f"{told}, but it was sent to be {place}")
    else:
        state = Check("relay", OK, told)
    if not operate:
        return [state, Check("relay operation", UNKNOWN, "not tried: --relay")]
    if not closed or state.state == FAILED:
        return [state, Check("relay operation", UNKNOWN, f"the supply is {told}")]
    return [state, _operation(meter)]


def _is_closed(device: Mapping[str, Any]) -> bool:
    return bool(device["device_status"] & codes.STATUS_RELAY_CLOSED)


def _follows(device: Mapping[str, Any]) -> bool:
    """Return whether the contact is where it was sent."""
    connected = device["device_control_state"] == codes.CONNECTED
    fault = device["device_status"] & codes.STATUS_RELAY_FAULT
    return not fault and _is_closed(device) == connected


def _operation(meter: BusMeter) -> Check:
    """Open and close the relay by the test of the load switch."""
    result = meter.enter_test(_SWITCH_TEST)
    name = "relay operation"
    if result == results.FUNCTION_ERROR:
        return Check(name, UNKNOWN, _NO_TEST)
    if result != results.ACCEPT:
        return Check(name, FAILED, f"the test token is refused: {_result(result)}")

    if not meter.wait(lambda found: not _is_closed(found), _OPENS_S):
        return Check(name, FAILED, "the contact did not open")
    if not meter.wait(_is_closed, _CLOSES_S):
        return Check(name, FAILED, "the contact opened and did not close again")
    return Check(name, OK, "opened and closed")


def _tamper(meter: BusMeter, device: Mapping[str, Any]) -> Check:
    found = meter.block("tamper")
    if found is None:
        return Check("tamper", UNKNOWN, "the ledger is at fault")
    latched = [row[2] for row in codes.TAMPER if row[0] & found["tamper"]]
    if device["device_status"] & codes.STATUS_COVER_OPEN:
        return Check("tamper", FAILED, "the cover is open")
    if latched:
        return Check("tamper", FAILED, f"detected: {', '.join(latched)}")
    return Check("tamper", OK, "covers closed, nothing detected")


def _result(code: int | None) -> str:
    if code is None:
        return "the meter takes no tokens now"
    return results.name(code)
