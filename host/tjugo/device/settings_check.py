"""A check of settings before a board gets them, by the firmware's own checks on this machine."""

import json
import os
import subprocess
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sts_portable.ea import KEY_BYTES
from tjugo import face_docs
from tjugo.errors import TjugoError, Unavailable
from tjugo.toolchain.micropython import find_micropython
from tjugo.toolchain.tools import REPO

_SECONDS = 20
# Faults of a board that is not complete yet: they are no fault of the given settings.
_LATER: dict[str, dict[str, Any]] = {
    "meter": {"address": 1, "drn": "01000000016"},
    "collector": {"id": "c1", "broker": {"host": "broker"}, "meters": []},
}
# Settings of a meter that it ignores if they have other values than these.
_CHOICES: dict[str, Collection[str]] = {
    "language": face_docs.NAMES,
    "short_codes": face_docs.NUMBERINGS,
    "display": ("hd44780", "hd44780_20x4", "ssd1306", "ssd1306_32", "sh1106", "tm1637"),
    "keypad": ("matrix", "buttons"),
}
# Parts that do not measure voltage, current and power at the same time.
_NO_MALIGNANT = ("s0", "hlw8012", "bl0937")
_ON_MICROPYTHON = {
    "meter": """\
import json, sys
from meter.settings import Settings
print(json.dumps(Settings(json.loads(sys.stdin.readline())).wrong))
""",
    "collector": """\
import json, sys
from collector.options import OptionError, Options
try:
    Options(json.loads(sys.stdin.readline()))
    print(json.dumps(""))
except OptionError as error:
    print(json.dumps(str(error)))
""",
}


def check(role: str, settings: Mapping[str, Any]) -> None:
    """Raise TjugoError, status 2, naming a setting that the application would refuse or ignore.

    settings: those the board will have. Missing settings are not an error.
    """
    malignant = settings.get("malignant")
    if role == "meter" and isinstance(malignant, dict) and malignant.get("mode"):
        part = settings.get("metering")
        if part in _NO_MALIGNANT:
            raise TjugoError(
                f"Malignant loads cannot be recognised with the metering part {part}: it does not "
                "measure voltage, current and power at the same time.",
                status=2,
            )
    wrong = _wrong(role, _complete(role, settings)) or _ignored(role, settings)
    if not wrong:
        return
    if role == "meter":
        value = settings.get(wrong)
        shown = "" if wrong == "key" or isinstance(value, dict | list) else f": {value!r}"
        raise TjugoError(f"The meter's setting {wrong} cannot be used{shown}.", status=2)
    raise TjugoError(f"The collector's {wrong}.", status=2)


def _ignored(role: str, settings: Mapping[str, Any]) -> str:
    """Return the name of a setting whose value a meter would ignore, "" for none."""
    for name, values in _CHOICES.items() if role == "meter" else ():
        if name in settings and settings[name] not in tuple(values):
            return name
    return ""


def _complete(role: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    found = {**_LATER[role], **settings}
    if role == "meter" and "key" not in found:
        ea = found.get("ea", 7)
        found["key"] = "00" * (KEY_BYTES.get(ea, 8) if isinstance(ea, int) else 8)
    return found


@cache
def _interpreter(_named: str | None) -> list[str]:
    return find_micropython()


def _wrong(role: str, settings: Mapping[str, Any]) -> str:
    """Return the firmware's error in the settings, "" for none; the settings are passed by a
    pipe."""
    path = ":".join([".frozen", str(REPO), str(REPO / "firmware")])
    try:
        done = subprocess.run(
            [*_interpreter(os.environ.get("MICROPYTHON")), "-c", _ON_MICROPYTHON[role]],
            input=json.dumps(settings) + "\n",
            env={"MICROPYPATH": path},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"The settings cannot be checked: {type(error).__name__}.") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"The settings cannot be checked: {last}")
    return str(json.loads(done.stdout))
