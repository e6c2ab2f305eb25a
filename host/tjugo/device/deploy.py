"""Deployment of a meter or a collector to a board.

Only changed files are copied. New files are placed beside the old ones and are hashed there before
any of them is used; then they are renamed, main.py last, and are on trial until the application's
self-test is good. If it is not, the preceding files are restored (on_board/files.py).
A board with a ROM file system gets the modules there, written before the files are replaced; the
preceding image comes back with the preceding files.
settings.json, the ledger and stored jobs are not touched; a board without settings gets the preset
of its role. A board whose deployment is interrupted runs the old files, or the new ones, or holds
its application (relay open, bus answered) until the next deployment.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tjugo.device import rom, targets
from tjugo.device.load import Load, load, manifest
from tjugo.device.on_board.files import MANIFEST, NEW, SETTINGS
from tjugo.device.remote import BoardError, Remote
from tjugo.device.self_test import describe, self_test, trouble
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import MICROPYTHON_VERSION, MPY_VERSION, OLDEST_MICROPYTHON

PATIENCE_S = 10.0  # for a port that is gone while the board resets
_FULL = ("ENOSPC", "Errno 28", "OSError: 28")
_SPARE_BLOCKS = 8  # folders, manifest, journal

Say = Callable[[str], None]
Connect = Callable[..., Remote]

_IDENTITY = """\
import json, sys
_i = sys.implementation
_mpy = getattr(_i, "_mpy", 0)
print(json.dumps([sys.platform, list(_i[1][:3]), [_mpy & 255, _mpy >> 8 & 3]]))
"""


def deploy(
    port: str,
    board: targets.Target,
    role: str,
    say: Say,
    connect: Connect = Remote,
    use_rom: bool = True,
    machine_code: bool = False,
) -> dict[str, Any]:
    """Deploy the current firmware to the board at `port` and start it; return its self-test.

    say: called with a line of progress. use_rom, machine_code: see load.load(); a ROM that is not
    used is taken out of use. Raise TjugoError when the new files do not arrive undamaged (then
    nothing was replaced) or do not start well (then the preceding files are restored).
    """
    preset = targets.preset(board, role)
    with connect(port) as remote:
        check_board(remote, board)
        before = _self_test_before(remote)
    with connect(port, PATIENCE_S) as remote:
        new = load(board, role, rom.room(remote), use_rom, machine_code)
        changed, old_image = _update(remote, new, manifest(new, board.name, role), preset, say)
        found, wrong = _trial(remote, before, board.name, role)
    if not changed:
        if wrong:
            raise TjugoError(f"{wrong} No file was replaced.")
        return found
    with connect(port, PATIENCE_S) as remote:
        if not wrong:
            remote.call("files", "commit")
            return self_test(remote)
        if old_image is not None:
            remote.call("files", "hold")
            rom.write(remote, old_image)
        remote.call("files", "undo")
        raise TjugoError(
            f"{wrong} The preceding files are restored. {_after_rollback(remote, before)}"
        )


def check_board(remote: Remote, board: targets.Target) -> None:
    """Raise TjugoError unless the board is of this kind and its MicroPython is supported."""
    platform, version, mpy = json.loads(remote.exec(_IDENTITY))
    if platform != board.platform:
        raise TjugoError(
            f"{board.name} has MicroPython for {board.platform}; on {remote.port} is {platform}."
        )
    if tuple(version[:2]) < OLDEST_MICROPYTHON or mpy != list(MPY_VERSION):
        raise TjugoError(
            f"The board has MicroPython {_dotted(version)}; the firmware needs "
            f"{_dotted(OLDEST_MICROPYTHON)} or newer that loads .mpy files of version "
            f"{_dotted(MPY_VERSION)}. Nothing was replaced. Flash MicroPython "
            f"{MICROPYTHON_VERSION} first: see boards/{board.name}/README.md."
        )


def _dotted(numbers: Iterable[int]) -> str:
    return ".".join(map(str, numbers))


def _self_test_before(remote: Remote) -> dict[str, Any]:
    """Return the self-test of the present application; {} if none starts."""
    state = remote.call("files", "look")
    found: dict[str, Any] = {"deployed": state["deployed"]}
    if state["deployed"] and not state["held"]:
        try:
            found |= self_test(remote)
        except TjugoError:
            pass  # it may be why there is a deployment
    return found


def _update(
    remote: Remote, load: Load, contents: bytes, preset: bytes, say: Say
) -> tuple[bool, bytes | None]:
    """Copy what is new, verify it, and replace the old. Return whether anything was replaced, and
    the image that was in the ROM before, None if it was not replaced."""
    state = remote.call("files", "begin")
    files = load.files
    changed = remote.changed(files)
    gone = sorted(set(state["files"]) - set(files))
    in_rom = load.room > 0 and not rom.holds(remote, load.image)
    if not changed and not gone and not in_rom and state["settings"]:
        remote.call("files", "settled")
        say(f"Nothing to copy: the board has all {len(files)} files as they are here.")
        return False, None
    say(load.place)
    new = {name: files[name] for name in sorted(changed, key=lambda name: name == targets.MAIN)}
    if not state["settings"]:
        new = {SETTINGS: preset, **new}
    new[MANIFEST] = contents
    try:
        _check_space(new, state)
        _copy(remote, new, set(changed), say)
        old_image = rom.preceding(remote, state["rom"]) if in_rom else None
    except TjugoError:
        _abort(remote, state["unsure"])
        raise
    if in_rom:
        remote.call("files", "hold")
        rom.write(remote, load.image)
    remote.call("files", "swap", list(new), gone)
    return True, old_image


def _check_space(new: Mapping[str, bytes], state: Mapping[str, int]) -> None:
    block = state["block"]
    needed = (sum(-(-len(content) // block) for content in new.values()) + _SPARE_BLOCKS) * block
    if needed > state["free"]:
        raise TjugoError(
            f"The board's flash is full: the new files need {needed:,} bytes beside the old ones, "
            f"{state['free']:,} are free. Nothing was replaced."
        )


def _copy(remote: Remote, new: Mapping[str, bytes], shown: set[str], say: Say) -> None:
    """Write NAME.new for each, and have the board hash them. Raise TjugoError."""
    remote.make_folders(list(new))
    number = 0
    try:
        for name, content in new.items():
            if name in shown:
                number += 1
                say(f"  {number:>3}/{len(shown)}  {name}  {len(content):,} bytes")
            remote.write(name + NEW, content)
    except BoardError as error:
        if any(words in error.message for words in _FULL):
            raise TjugoError("The board's flash is full; nothing was replaced.") from None
        raise
    damaged = remote.changed({name + NEW: content for name, content in new.items()})
    if damaged:
        names = ", ".join(name.removesuffix(NEW) for name in damaged)
        raise TjugoError(
            f"Damaged on the way to the board: {names}. Nothing was replaced. Try again, with "
            "another cable if it happens again."
        )


def _abort(remote: Remote, unsure: bool) -> None:
    """Let the previous application run again, if the board still answers."""
    try:
        remote.call("files", "abort", unsure)
        remote.start_main()
    except TjugoError:
        pass  # gone: it holds its application until the next deployment


def _trial(
    remote: Remote, before: Mapping[str, Any], board: str, role: str
) -> tuple[dict[str, Any], str]:
    """Return the self-test of the new files, and what is wrong with it ("": nothing)."""
    try:
        found = self_test(remote)
    except TjugoError as error:
        return {}, f"The new files do not start: {error.message}"
    return found, trouble(found, before, board, role)


def _after_rollback(remote: Remote, before: Mapping[str, Any]) -> str:
    if not before["deployed"]:
        remote.start_main()
        return "There was no application before."
    try:
        return "\n".join(["The application before:", *describe(self_test(remote))])
    except TjugoError as error:
        return f"The application before does not start either: {error.message}"
