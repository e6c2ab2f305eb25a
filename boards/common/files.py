"""Memory for the ledger in a file of the current folder."""

import os


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


class FileStore:
    """A memory of `size` bytes in a file, written in place like a FRAM.

    A missing file is created with zeros. A shorter file is extended, and a longer one is not used
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
        """Write all of `buf` at `offset`. Raise OSError if the file cannot be written."""
        self._file.seek(offset)
        self._file.write(buf)
        self._file.flush()
