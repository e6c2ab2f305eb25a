"""Puts a meter or a collector on a board: `python -m tjugo.device.deploy --board rp2040_pico ...`.

Only what changed is copied. New files lie beside the old ones until all are there; then they take
their places at once, main.py last. settings.json, the ledger and stored jobs are not touched; a
board without settings gets the preset of its role. A board whose deployment is interrupted keeps
its relay open and waits for the next one.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tjugo.device import targets
from tjugo.device.remote import BoardError, Remote
from tjugo.errors import TjugoError

MANIFEST = "manifest.json"
SETTINGS = "settings.json"
HOLD = "hold"  # firmware/runtime/boot.py: do not start the application
CRASHES = "crash.json"
_NEW = ".new"
_START_SECONDS = 30.0

Say = Callable[[str], None]

_FULL = ("ENOSPC", "Errno 28", "OSError: 28")

# On the board: hold the application, clear away what an interrupted deployment left, and print
# whether there are settings, and the names that the last one put there.
_BEGIN = f"""\
import json, os
with open({HOLD!r}, 'w') as f:
    pass
def _sweep(folder):
    for name, kind, *_ in os.ilistdir(folder or '/'):
        if kind == 0x4000:
            _sweep(folder + '/' + name)
        elif name.endswith({_NEW!r}):
            os.remove(folder + '/' + name)
_sweep('')
try:
    with open({MANIFEST!r}) as f:
        _old = sorted(json.load(f)['files'])
except (OSError, ValueError, KeyError, TypeError):
    _old = []
print(json.dumps([{SETTINGS!r} in os.listdir(), _old]))
"""

# On the board: everything takes its place. A name that is not there was handled before.
_FINISH = """\
import os
def _try(function, *names):
    try:
        function(*names)
    except OSError as e:
        if e.errno not in (2, 39):
            raise
for _name in {arrived}:
    _try(os.rename, _name + '.new', _name)
for _name in {gone}:
    _try(os.remove, _name)
os.rename({manifest!r} + '.new', {manifest!r})
_try(os.remove, {crashes!r})
_try(os.remove, {hold!r})
"""


def deploy(port: str, board: targets.Target, role: str, say: Say) -> dict[str, Any]:
    """Bring the board at `port` up to date and start it; its self-test. Raises TjugoError.

    say: called with a line of progress.
    """
    preset = targets.preset(board, role)
    files = targets.files(board, role)
    with Remote(port) as remote:
        check_platform(remote, board)
        try:
            _update(remote, files, manifest(files, board.name, role), preset, say)
        except BoardError as error:
            if any(words in error.message for words in _FULL):
                raise TjugoError("The board's flash is full; nothing was replaced.") from None
            raise
        return self_test(remote)


def _update(
    remote: Remote, files: Mapping[str, bytes], contents: bytes, preset: bytes, say: Say
) -> None:
    has_settings, old = json.loads(remote.exec(_BEGIN))
    changed = remote.changed(files)
    remote.make_folders(changed)
    for number, name in enumerate(changed, 1):
        say(f"  {number:>3}/{len(changed)}  {name}  {len(files[name]):,} bytes")
        remote.write(name + _NEW, files[name])
    arrived = sorted(changed, key=lambda name: (name == targets.MAIN, name))
    if not has_settings:
        remote.write(SETTINGS + _NEW, preset)
        arrived.insert(0, SETTINGS)
    remote.write(MANIFEST + _NEW, contents)
    gone = sorted(set(old) - set(files))
    places = {"manifest": MANIFEST, "crashes": CRASHES, "hold": HOLD}
    remote.exec(_FINISH.format(arrived=arrived, gone=gone, **places), quiet_seconds=60.0)
    if not changed:
        say(f"Nothing to copy: the board has all {len(files)} files as they are here.")


def manifest(files: Mapping[str, bytes], board: str, role: str) -> bytes:
    """What manifest.json on the board holds: which files were put there, and their SHA-256."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return json.dumps({"board": board, "role": role, "files": hashes}).encode()


def check_platform(remote: Remote, board: targets.Target) -> None:
    """Raises TjugoError when another kind of board is connected."""
    found = remote.exec("import sys; print(sys.platform)").strip()
    if found != board.platform:
        raise TjugoError(
            f"{board.name} has MicroPython for {board.platform}; on {remote.port} is {found}."
        )


def self_test(remote: Remote) -> dict[str, Any]:
    """Start main.py; what the application says of itself then. Raises TjugoError."""
    said = remote.start_main().wait_for("selftest", _START_SECONDS)
    if not isinstance(said, dict):
        raise TjugoError(f"The self-test of the board on {remote.port} is not a table: {said}")
    return said


def describe(said: Mapping[str, Any]) -> list[str]:
    """A self-test in lines for people."""
    safe = said.get("safe")
    lines = [
        f"{said.get('board')}: {said.get('role')} {said.get('version')}"
        + (f" in safe mode ({safe})" if safe else f", MicroPython {said.get('micropython')}"),
        f"  free heap   {said.get('free'):,} bytes",
    ]
    for key in ("settings", "ledger"):
        if key in said:
            lines.append(f"  {key:<11} {_verdict(said[key])}")
    lines.append(f"  crashes     {said.get('crashes', 0)} {said.get('last_crash', '')}".rstrip())
    if said.get("settings") not in (None, "ok"):
        lines.append("  make provision gives it settings")
    return lines


def _verdict(value: str) -> str:
    return value if value in ("ok", "fault") else f"wrong or missing: {value}"


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tjugo.device.deploy", description=__doc__)
    parser.add_argument("--board", required=True, help=", ".join(targets.TARGETS))
    parser.add_argument("--role", required=True, help=", ".join(targets.ROLES))
    parser.add_argument("--port", required=True, help="serial port, such as /dev/ttyACM0")
    options = parser.parse_args(arguments)
    try:
        board = targets.target(options.board)
        said = deploy(options.port, board, options.role, lambda line: print(line, flush=True))
    except TjugoError as error:
        print(error.message, file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("Interrupted; run it again, until then the board waits.", file=sys.stderr)
        return 130
    print("\n".join(describe(said)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
