"""A check of settings before a board gets them, by the firmware's own checks on this machine."""

import json
import os
import subprocess
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sts_portable.ea import KEY_BYTES
from tjugo.device import setting_names
from tjugo.errors import TjugoError, Unavailable
from tjugo.toolchain.micropython import find_micropython
from tjugo.toolchain.tools import REPO

_SECONDS = 20
# Faults of a board that is not complete yet: they are no fault of the given settings.
_LATER: dict[str, dict[str, Any]] = {
    "meter": {"address": 1, "drn": "01000000016"},
    "collector": {"id": "c1", "broker": {"host": "broker"}, "meters": []},
}
# Parts that do not measure voltage, current and power at the same time.
_NO_MALIGNANT = ("s0", "hlw8012", "bl0937")
_ON_MICROPYTHON = {
    "meter": """\
import json, sys
from meter.core import Meter
from meter.local.options import of_home, of_page
class NoStore:
    size = 0
    def read(self, offset, buf):
        raise OSError(19)
given = json.loads(sys.stdin.readline())
wrong = Meter(given, NoStore()).settings.wrong
try:
    of_page(given)
    of_home(given)
except ValueError as error:
    wrong = wrong or str(error)
print(json.dumps(wrong))
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


def check(
    role: str,
    settings: Mapping[str, Any],
    added: Collection[str] | None = None,
    default_part: str = "s0",
) -> None:
    """Raise TjugoError, status 2, naming a setting that the application would refuse or ignore.

    settings: those the board will have. Missing settings are not an error. added: the names of
    those that are new, None for all: names that are no settings are refused. default_part: what
    the board measures with if no setting names it.
    """
    if told := setting_names.unknown(role, settings if added is None else added):
        raise TjugoError(told, status=2)
    wrong = _wrong(role, _complete(role, settings)) or setting_names.ignored(role, settings)
    if not wrong:
        if role == "meter":
            _check_malignant(settings, default_part)
        return
    if role == "meter":
        value = settings.get(wrong)
        hidden = wrong == "key" or wrong not in settings or isinstance(value, dict | list)
        shown = "" if hidden else f": {value!r}"
        raise TjugoError(f"The meter's setting {wrong} cannot be used{shown}.", status=2)
    if wrong in settings:
        wrong = f"setting {wrong} cannot be used: {settings[wrong]!r}"
    raise TjugoError(f"The collector's {wrong}.", status=2)


def _check_malignant(settings: Mapping[str, Any], default_part: str) -> None:
    malignant = settings.get("malignant")
    part = settings.get("metering", default_part)
    if malignant and malignant.get("mode") and part in _NO_MALIGNANT:
        raise TjugoError(
            f"Malignant loads cannot be recognised with the metering part {part}: it does not "
            "measure voltage, current and power at the same time.",
            status=2,
        )


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
