"""Settings as a JSON file, replaced whole."""

import json
import os


def load_settings(path):
    """Return the dict in a JSON file, {} if the file is missing or has no dict."""
    try:
        with open(path) as source:
            found = json.load(source)
    except (OSError, ValueError, RuntimeError, MemoryError):  # also nested too deeply, too long
        return {}
    return found if isinstance(found, dict) else {}


def save_settings(path, settings):
    """Write to a new file, then rename it over the old one."""
    with open(path + ".new", "w") as target:
        json.dump(settings, target)
    os.rename(path + ".new", path)
