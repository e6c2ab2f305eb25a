"""The job folder on the flash file system: what `jobs.Store` needs of files, and nothing more."""

import os

_MAX_FILE = 128  # a job is shorter; whatever is longer is garbage and not worth the memory


class Folder:
    """One folder of small files. Every method may raise OSError."""

    def __init__(self, path):
        self._path = path + "/"
        try:
            os.mkdir(path)
        except OSError:
            os.listdir(path)  # it was there already, or nothing here will work

    def names(self):
        """The names of all files."""
        return os.listdir(self._path)

    def read(self, name):
        """The first 128 bytes of a file."""
        with open(self._path + name, "rb") as file:
            return file.read(_MAX_FILE)

    def write(self, name, data):
        """Write a file; when this returns, the data is on the flash."""
        with open(self._path + name, "wb") as file:
            file.write(data)
            file.flush()  # MicroPython: also fsync, or a littlefs sync

    def rename(self, old, new):
        """Atomic on littlefs and POSIX, and replaces `new`. Not so on FAT: do not use FAT."""
        os.rename(self._path + old, self._path + new)

    def remove(self, name):
        """Delete a file."""
        os.remove(self._path + name)
