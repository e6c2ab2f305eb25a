"""The self-test of a meter for a technician: what is checked at its service port.

The application does not run meanwhile; it is started at the end.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tjugo.device import self_test
from tjugo.device.inspection import FAILED, OK, UNKNOWN, Check, plausible
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError

_READINGS, _SECONDS = 3, 15
_GOOD = "good"
_SHOWN = 3  # names of damaged files
_MILLI, _TENTHS = 1000, 10


def at_the_port(remote: Remote) -> list[Check]:
    """Return the checks of the meter at a service port, and start it. Raise TjugoError."""
    try:
        looked = remote.call("settings", "look")
        if looked["role"] != "meter":
            raise TjugoError(f"The board on {remote.port} is no meter.")
        checks = [_files(remote), _copies(remote), _metering(remote)]
    except BaseException:
        with suppress(TjugoError):
            remote.start_main()  # what is checked must work on
        raise
    return [*checks, *_started(self_test.self_test(remote))]


def _files(remote: Remote) -> Check:
    """Compare the files with the list that a deployment has written."""
    name = "files"
    found = remote.call("inspect", "manifest")
    files = found.get("files")
    if not isinstance(files, dict) or not files:
        return Check(name, UNKNOWN, "no list of them: the firmware was not deployed by files")
    seen = remote.hashes(sorted(files))
    damaged = [one for one in sorted(files) if seen[one] != files[one]]
    if damaged:
        more = f" and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
        return Check(name, FAILED, f"changed: {', '.join(damaged[:_SHOWN])}{more}")
    rom = found.get("rom")
    if isinstance(rom, list) and remote.call("rom", "digest", rom[0]) != rom[1]:
        return Check(name, FAILED, "the image in the ROM is damaged")
    return Check(name, OK, f"{len(files)} as they were deployed" + ", and the ROM" * bool(rom))


def _copies(remote: Remote) -> Check:
    """Check both copies of the ledger."""
    name = "ledger copies"
    found = remote.call("inspect", "store")
    told = ", ".join(found["copies"]) + (f" ({found['place']})" if found["place"] else "")
    if all(one == "blank" for one in found["copies"]):
        return Check(name, UNKNOWN, "blank: the meter has not started yet")
    good = [one for one in found["copies"] if one == _GOOD]
    return Check(name, OK if len(good) == len(found["copies"]) else FAILED, told)


def _metering(remote: Remote) -> Check:
    found = remote.call("measure", "measure", _READINGS, _SECONDS)
    if found["wrong"]:
        return Check("metering part", FAILED, f"wrong setting: {found['wrong']}")
    if not found["readings"]:
        return Check("metering part", UNKNOWN, f"no reading in {_SECONDS} s")
    millivolts, milliamps, tenths = found["readings"][-1]
    checked = plausible(
        {
            "voltage": None if millivolts is None else millivolts / _MILLI,
            "current": None if milliamps is None else milliamps / _MILLI,
            "power": None if tenths is None else tenths / _TENTHS,
        }
    )
    return Check("metering part", checked.state, checked.detail)


def _started(found: Mapping[str, Any]) -> list[Check]:
    """Return the checks of the application's own self-test."""
    told = f"{found.get('version')} on {found.get('board')}, {found.get('free'):,} bytes free"
    if found.get("safe"):
        told = f"safe mode ({found['safe']}): {found.get('last_crash')}"
    crashes = found.get("crashes", 0)
    settings = self_test.settings_fault(found)
    ledger = found.get("ledger", "fault")
    return [
        Check("start", FAILED if found.get("safe") else OK, told),
        Check("settings", FAILED if settings else OK, f"wrong: {settings}" if settings else ""),
        Check("ledger", OK if ledger == "ok" else FAILED, str(found.get("ledger_fault") or "")),
        Check(
            "crashes",
            FAILED if crashes else OK,
            f"{crashes}, the last one: {found.get('last_crash')}" if crashes else "none",
        ),
    ]
