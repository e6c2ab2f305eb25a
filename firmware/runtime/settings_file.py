"""Settings as a JSON file, replaced whole."""

import json
import os

_ENOENT = 2


def read_settings(path):
    """Return the dict in a JSON file, {} if there is no file.

    Raise ValueError, whose text names the file, if it cannot be read whole or has no dict.
    """
    found = None
    try:
        with open(path) as source:
            # In a list: MicroPython accepts an outermost object without its end.
            found = json.loads("[" + source.read() + ",0]")
    except OSError as error:
        if error.errno == _ENOENT:
            return {}
    except (ValueError, RuntimeError, MemoryError):  # also nested too deeply, too long
        pass
    if not found or len(found) != 2 or not isinstance(found[0], dict):
        raise ValueError(path + " cannot be read")
    return found[0]


def load_settings(path):
    """Return the dict in a JSON file, {} if the file is missing or cannot be read."""
    try:
        return read_settings(path)
    except ValueError:
        return {}


def save_settings(path, settings):
    """Write to a new file, then rename it over the old one."""
    with open(path + ".new", "w") as target:
        json.dump(settings, target)
    os.rename(path + ".new", path)
