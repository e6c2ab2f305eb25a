"""Files of a deployment, replaced on the board.

Four files record the state of a deployment:

    hold         the application is not started (firmware/runtime/boot.py)
    NAME.new     copied, not in use yet
    NAME.old     the preceding contents of NAME; there while deploy.json is
    deploy.json  names that are being replaced, or whose replacements are on trial

No name is missing at any time: the contents of NAME are copied to NAME.old, then NAME.new takes
its place.
"""

import json
import os

HOLD = "hold"
JOURNAL = "deploy.json"
MANIFEST = "manifest.json"
SETTINGS = "settings.json"
CRASHES = "crash.json"
NEW = ".new"
OLD = ".old"
COPYING = "copying"  # content of `hold` while nothing has been replaced yet
WRITING = "writing"  # the same while the ROM is written

_FOLDER = 0x4000
_ENOENT = 2
_BLOCK = 512


def exists(name: str) -> bool:
    """Return whether there is a file of this name."""
    try:
        os.stat(name)
        return True
    except OSError:
        return False


def remove(name: str) -> None:
    """Remove a file if it exists."""
    try:
        os.remove(name)
    except OSError as error:
        if error.errno != _ENOENT:
            raise


def load(name: str) -> dict:
    """Return the JSON object in a file, {} when there is none that can be read."""
    try:
        with open(name) as file:
            found = json.load(file)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: nested too deeply
        return {}
    return found if isinstance(found, dict) else {}


def save(name: str, value: object) -> None:
    """Write JSON to a new file, and rename it."""
    with open(name + NEW, "w") as file:
        json.dump(value, file)
    os.rename(name + NEW, name)


def sweep(suffixes: tuple, folder: str = "") -> None:
    """Remove every file whose name has one of these suffixes."""
    for entry in list(os.ilistdir(folder or os.getcwd())):  # type: ignore[attr-defined]
        path = folder + "/" + entry[0] if folder else entry[0]
        if entry[1] == _FOLDER:
            sweep(suffixes, path)
        elif any(path.endswith(end) for end in suffixes):
            os.remove(path)


def look() -> dict:
    """Return whether the board was deployed to, and whether it holds its application."""
    return {"deployed": exists(MANIFEST), "held": exists(HOLD)}


def begin() -> dict:
    """Hold the application, undo the replacements of an interrupted deployment, remove its
    leftovers.

    unsure: the board was held for another reason than a deployment that had replaced nothing.
    """
    held = ""
    if exists(HOLD):
        with open(HOLD) as file:
            held = file.read()
    unsure = exists(HOLD) and held != COPYING and not exists(JOURNAL)
    if not unsure:
        with open(HOLD, "w") as file:
            file.write(COPYING)
    rollback()
    sweep((NEW, OLD))
    space = os.statvfs(os.getcwd())
    manifest = load(MANIFEST)
    old = manifest.get("files")
    return {
        "settings": exists(SETTINGS),
        "files": sorted(old) if isinstance(old, dict) else [],
        "rom": manifest.get("rom"),
        "unsure": unsure,
        "block": space[0],
        "free": space[0] * space[3],
    }


def hold() -> None:
    """Hold the application while the ROM is written, until it is whole and the files fit it."""
    with open(HOLD, "w") as file:
        file.write(WRITING)


def abort(unsure: bool) -> None:
    """End a deployment before anything was replaced: the application there was may start again."""
    sweep((NEW,))
    if not unsure:
        remove(HOLD)


def swap(arrived: list, gone: list) -> None:
    """Rename every NAME.new in `arrived` to NAME, then remove `gone`; begin the trial."""
    gone.append(CRASHES)
    gone = [name for name in gone if exists(name)]
    old = [name for name in arrived if exists(name)]
    added = [name for name in arrived if name not in old]
    save(JOURNAL, {"replaced": old + gone, "added": added})
    for name in arrived:
        if name in old:
            _copy(name, name + OLD + NEW)
            os.rename(name + OLD + NEW, name + OLD)
        os.rename(name + NEW, name)
    for name in gone:
        os.rename(name, name + OLD)
    remove(HOLD)


def _copy(name: str, to: str) -> None:
    with open(name, "rb") as source, open(to, "wb") as target:
        block = source.read(_BLOCK)
        while block:
            target.write(block)
            block = source.read(_BLOCK)


def rollback() -> None:
    """Restore the replaced files; do nothing when no replacement is on trial."""
    if not exists(JOURNAL):
        return
    journal = load(JOURNAL)
    for name in journal.get("replaced", []):
        if exists(name + OLD):
            os.rename(name + OLD, name)
    for name in journal.get("added", []):
        remove(name)
    os.remove(JOURNAL)


def undo() -> None:
    """End the trial with the preceding files."""
    with open(HOLD, "w") as file:
        file.write(COPYING)
    remove(CRASHES)  # of the trial; the one before it comes back with the rest
    rollback()
    sweep((NEW, OLD))
    remove(HOLD)


def commit() -> None:
    """End the trial with the new files."""
    remove(JOURNAL)
    sweep((NEW, OLD))


def settled() -> None:
    """Let the application start, with new chances: every file was up to date already."""
    remove(CRASHES)
    remove(HOLD)
