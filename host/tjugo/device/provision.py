"""Gives a board its settings: `python -m tjugo.device.provision PORT --drn 01000000016`.

The meter's key comes from the station's key store and goes to the board only; it is not printed.
What the board's settings.json holds besides stays. `--merge FILE` adds settings from a JSON file,
for a collector's broker and meters (docs/collector.md), Wi-Fi, or baud rate.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tjugo.bench.provision import meter_settings
from tjugo.device.deploy import CRASHES, SETTINGS, describe, self_test
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError
from tjugo.paths import default_state_dir
from tjugo.station.station import Station

_ADDRESSES = range(1, 248)

_READ = f"""\
try:
    with open({SETTINGS!r}) as f:
        print(f.read())
except OSError:
    print('{{}}')
"""
# With new settings the application gets new chances.
_RENAME = f"""\
import os
os.rename({SETTINGS!r} + '.new', {SETTINGS!r})
try:
    os.remove({CRASHES!r})
except OSError:
    pass
"""


def provision(port: str, new: dict[str, Any], replace: bool = False) -> dict[str, Any]:
    """Put `new` into the settings of the board at `port` and start it; its self-test.

    Raises TjugoError; so it does when the board is another meter and `replace` is not said, for
    the ledger, credit and used tokens included, stays with the board.
    """
    with Remote(port) as remote:
        settings = _settings(remote.exec(_READ))
        before = settings.get("drn")
        if "drn" in new and before not in (None, new["drn"]) and not replace:
            raise TjugoError(
                f"This board is meter {before}. --replace makes it {new['drn']}; the ledger with "
                "its credit stays as it is."
            )
        remote.write(SETTINGS + ".new", json.dumps({**settings, **new}).encode())
        remote.exec(_RENAME)
        return self_test(remote)


def _settings(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}  # the board could not use them either
    return found if isinstance(found, dict) else {}


def merged(path: Path) -> dict[str, Any]:
    """The settings in a file. Raises TjugoError."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise TjugoError(f"{path} cannot be used: {reason}.", status=2) from None
    if not isinstance(found, dict):
        raise TjugoError(f"{path} cannot be used: it is not a JSON object.", status=2)
    return found


def meter(state: Path, drn: str, address: int | None) -> dict[str, Any]:
    """Settings of a meter that the station knows. Raises TjugoError."""
    with Station.open(state) as station:
        settings = meter_settings(station, drn)
    if address is None:
        return settings
    if address not in _ADDRESSES:
        raise TjugoError("The address must be from 1 to 247.", status=2)
    return {**settings, "address": address}


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tjugo.device.provision", description=__doc__)
    parser.add_argument("port", help="serial port, such as /dev/ttyACM0")
    parser.add_argument("--drn", help="the meter's number; the station must have it")
    parser.add_argument("--address", type=int, help="on the bus, 1 to 247")
    state = default_state_dir()
    parser.add_argument("--state", type=Path, default=state, help="the station's folder")
    parser.add_argument("--merge", type=Path, metavar="FILE", help="JSON object of more settings")
    parser.add_argument("--replace", action="store_true", help="the board was another meter")
    options = parser.parse_args(arguments)
    try:
        new = merged(options.merge) if options.merge else {}
        if options.drn:
            new |= meter(options.state, options.drn, options.address)
        if not new:
            raise TjugoError("Say what to set: --drn, or --merge FILE.", status=2)
        said = provision(options.port, new, options.replace)
    except TjugoError as error:
        print(error.message, file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    print(f"Settings written: {', '.join(sorted(new))}.")
    print("\n".join(describe(said)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
