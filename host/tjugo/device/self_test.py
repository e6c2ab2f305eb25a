"""The self-test that an application reports when it starts, and its interpretation."""

import time
from collections.abc import Mapping
from typing import Any

from tjugo.device import ports
from tjugo.device.console import BoardGone, Console
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError

_START_SECONDS = 30.0
_VERDICTS = ("settings", "ledger")


def self_test(remote: Remote) -> dict[str, Any]:
    """Start main.py; return the application's self-test. Raise TjugoError.

    If the board resets meanwhile, wait for it, also when its port disappears with it.
    """
    deadline = time.monotonic() + _START_SECONDS
    try:
        found = remote.start_main().wait_for("selftest", _START_SECONDS)
    except BoardGone:
        left = max(1.0, deadline - time.monotonic())
        ports.wait_for(remote.port, left)
        with Console(remote.port) as console:
            found = console.wait_for("selftest", left)
    if not isinstance(found, dict):
        raise TjugoError(f"The self-test of the board on {remote.port} is not a table: {found}")
    return found


def trouble(found: Mapping[str, Any], before: Mapping[str, Any], board: str, role: str) -> str:
    """Return the reason to reject new files, in a sentence; "" when they are good.

    before: the self-test of the files before, {} if there is none. Faults that existed before are
    not attributed to the new files.
    """
    if found.get("safe"):
        crash = str(found.get("last_crash", ""))
        return f"The new files do not stay up: the board is in safe mode. {crash}".rstrip() + "."
    for name, wanted in (("role", role), ("board", board)):
        if found.get(name) != wanted:
            return f"The self-test is that of the {name} {found.get(name)}, not of {wanted}."
    for name in _VERDICTS:
        if found.get(name, "ok") != "ok" and before.get(name) == "ok":
            cause = found.get(f"{name}_fault") or _verdict(found[name])
            return f"With the new files the self-test finds the {name} not good: {cause}."
    return ""


def settings_fault(found: Mapping[str, Any]) -> str:
    """Return the fault that the application finds in its settings; "" when there is none."""
    if found.get("safe"):
        return f"the board is in safe mode ({found['safe']})"
    verdict = str(found.get("settings", "ok"))
    return "" if verdict == "ok" else verdict


def status(found: Mapping[str, Any]) -> int:
    """Return the exit status for a self-test: 1 when the board cannot work."""
    return 1 if found.get("safe") or found.get("ledger", "ok") != "ok" else 0


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return a self-test as lines for people."""
    safe = found.get("safe")
    lines = [
        f"{found.get('board')}: {found.get('role')} {found.get('version')}"
        + (f" in safe mode ({safe})" if safe else f", MicroPython {found.get('micropython')}"),
        f"  free heap   {found.get('free'):,} bytes",
    ]
    for key in _VERDICTS:
        if key in found:
            cause = found.get(f"{key}_fault")
            lines.append(f"  {key:<11} {_verdict(found[key])}" + (f": {cause}" if cause else ""))
    lines.append(f"  crashes     {found.get('crashes', 0)} {found.get('last_crash', '')}".rstrip())
    if found.get("settings") not in (None, "ok"):
        lines.append("  make provision gives it settings")
    return lines


def _verdict(value: str) -> str:
    return value if value in ("ok", "fault") else f"wrong or missing: {value}"
