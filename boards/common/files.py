"""The simulated board's flash and FRAM: files in the current folder."""

import json
import os


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def load_settings(path):
    """The dict in a JSON file, or {} if there is none or it is not one."""
    try:
        with open(path) as source:
            found = json.load(source)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save_settings(path, settings):
    """Write to a new file, then rename it over the old one."""
    with open(path + ".new", "w") as target:
        json.dump(settings, target)
    os.rename(path + ".new", path)


class FileStore:
    """`size` bytes of memory in a file, written in place like a FRAM.

    The file is made of zeros if it is missing; one of another size is lengthened or not used
    beyond `size`.
    """

    def __init__(self, path, size):
        self.size = size
        if not _exists(path):
            with open(path, "wb"):
                pass
        self._file = open(path, "r+b")
        missing = size - self._file.seek(0, 2)
        if missing > 0:
            self._file.write(bytes(missing))
            self._file.flush()

    def read(self, offset, buf):
        """Fill `buf` from `offset`."""
        self._file.seek(offset)
        self._file.readinto(buf)

    def write(self, offset, buf):
        """Write all of `buf` at `offset`. OSError if the file cannot be written."""
        self._file.seek(offset)
        self._file.write(buf)
        self._file.flush()
