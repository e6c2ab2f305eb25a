"""Memory for the ledger in a file of the current folder."""

import os


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


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
