"""The job folder on the flash file system: what `jobs.Store` needs of files, and nothing more."""

import os

from .names import MAX_RECORD


class Folder:
    """One folder of small files. Every method may raise OSError."""

    def __init__(self, path):
        self._path = path + "/"
        try:
            os.mkdir(path)
        except OSError:
            os.listdir(path)  # it was there already, or nothing here will work

    def names(self):
        """Return the names of all files."""
        return os.listdir(self._path)

    def read(self, name):
        """Return the first 449 bytes of a file: one more than a record has."""
        with open(self._path + name, "rb") as file:
            return file.read(MAX_RECORD + 1)

    def write(self, name, data):
        """Write a file; when this returns, the data is on the flash."""
        with open(self._path + name, "wb") as file:
            file.write(data)
            file.flush()  # MicroPython: also fsync, or a littlefs sync

    def rename(self, old, new):
        """Rename a file and replace `new`. Atomic on littlefs and POSIX, but not on FAT."""
        os.rename(self._path + old, self._path + new)

    def remove(self, name):
        """Delete a file."""
        os.remove(self._path + name)
