"""Settings merged, hidden and digested where they are stored: on a board, or in a bench's folder.

A key that a board has does not leave it: the merge is made there, and only a hash is read back.
"""

import binascii
import hashlib
import json
import os

SETTINGS = "settings.json"
MANIFEST = "manifest.json"
CRASHES = "crash.json"
TABLES = "sta_tables.bin"
MARK = "mark"  # the entry that a meter writes about its ledger; no other settings may replace it
NEW = ".new"
ADDED = "settings.add.new"

# Texts that may be read from a board; every other text is a secret until it is listed here.
_PUBLIC = (
    "drn id host ssid ntp dns features language short_codes scroll display keypad metering clock "
    "magnet address prefix name currency"
).split()
_ENOENT = 2


def load(name: str) -> dict:
    """Return the JSON object in a file, {} when there is none that can be read."""
    try:
        with open(name) as file:
            found = json.load(file)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: nested too deeply
        return {}
    return found if isinstance(found, dict) else {}


def hidden(value: object, name: str = "") -> object:
    """Return the value with zeros in place of every text that is not public."""
    if isinstance(value, dict):
        return {key: hidden(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [hidden(item, name) for item in value]
    if isinstance(value, str) and name not in _PUBLIC:
        return "0" * len(value)
    return value


def form(value: object) -> str:
    """Return a text that is the same for two values only if they are equal."""
    if isinstance(value, dict):
        return "{" + "".join([form(key) + form(value[key]) for key in sorted(value)]) + "}"
    if isinstance(value, list):
        return "[" + "".join([form(item) for item in value]) + "]"
    if isinstance(value, str):
        return f"{len(value)}:{value}"
    return f"({value})"


def digest(value: object) -> str:
    """Return the SHA-256 of a value's form, in hex."""
    return binascii.hexlify(hashlib.sha256(form(value).encode()).digest()).decode()


def merged(before: dict, added: dict) -> dict:
    """Return `before` with the values of `added` in their places."""
    found = dict(before)
    found.update(added)
    return found


def remove(name: str) -> None:
    """Remove a file if it exists."""
    try:
        os.remove(name)
    except OSError as error:
        if error.errno != _ENOENT:
            raise


def look() -> dict:
    """Return the settings without their secrets, and which board and application this is."""
    board = load(MANIFEST).get("board")
    return {"settings": hidden(load(SETTINGS)), "role": role(), "board": board}


def role() -> str:
    """Return the role that was deployed or frozen in: "meter", "collector" or ""."""
    found = load(MANIFEST).get("role")
    if isinstance(found, str):
        return found
    for name, module in (("meter", "meter.settings"), ("collector", "collector.options")):
        try:
            __import__(module)
            return name
        except ImportError:
            pass
    return ""


def stage() -> list:
    """Merge settings.add.new into settings.json.new; return [digest of the added, all others
    kept].

    The digest is made from the new file as read back.
    """
    before = load(SETTINGS)
    added = load(ADDED)
    with open(SETTINGS + NEW, "w") as file:
        json.dump(merged(before, added), file)
    remove(ADDED)
    found = load(SETTINGS + NEW)
    kept = [name for name in before if name not in added]
    same = form([before[name] for name in kept]) == form([found.get(name) for name in kept])
    return [digest({name: found.get(name) for name in added}), same and len(found) > 0]


def drop() -> None:
    """Discard the staged files."""
    for name in (SETTINGS + NEW, TABLES + NEW, ADDED):
        remove(name)


def install(tables: int) -> None:
    """Put the staged files to use. tables: 0 leave those of the board, 1 replace, -1 remove."""
    if tables > 0:
        os.rename(TABLES + NEW, TABLES)
    elif tables < 0:
        remove(TABLES)
    os.rename(SETTINGS + NEW, SETTINGS)
    remove(CRASHES)  # with new settings the application may be started again
