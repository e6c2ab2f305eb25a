"""Memory in files of the current folder."""

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


# The first pieces of Files; all later ones have the last size. littlefs stores a file of 512 bytes
# inside its directory block, which erases fewer blocks than a file with blocks of its own:
# docs/boards.md has the figures.
_PIECES = (512, 512, 512, 512, 2048)
_PIECE = 4096


class Files:
    """A memory of `size` bytes in several files, so that a write changes a small one only.

    `path`: of the first file, such as "ledger.bin"; the next ones are "ledger1.bin" and so on. A
    file that is missing reads as zeros, and is created by the first write to it.
    """

    def __init__(self, path, size):
        self.size = size
        self._name, self._end = path.rsplit(".", 1)

    def read(self, offset, buf):
        """Fill `buf` from `offset`. Raise OSError beyond the end."""
        self._each(offset, buf, self._read)

    def write(self, offset, buf):
        """Write all of `buf` at `offset`. Raise OSError beyond the end, or if a file cannot be
        written."""
        self._each(offset, buf, self._write)

    def _each(self, offset, buf, act):
        """Call act(path, size, offset in the file, part of buf) for each piece that is touched."""
        if offset < 0 or offset + len(buf) > self.size:
            raise OSError(22)
        view = memoryview(buf)
        number, start = 0, 0
        while len(view):
            size = _PIECES[number] if number < len(_PIECES) else _PIECE
            if offset < start + size:
                count = min(len(view), start + size - offset)
                path = "%s%s.%s" % (self._name, number or "", self._end)
                act(path, size, offset - start, view[:count])
                view = view[count:]
                offset += count
            start += size
            number += 1

    def _read(self, path, size, offset, part):
        for i in range(len(part)):
            part[i] = 0
        if _exists(path):
            with open(path, "rb") as file:
                file.seek(offset)
                file.readinto(part)

    def _write(self, path, size, offset, part):
        if not _exists(path):
            with open(path, "wb") as file:
                file.write(bytes(size))
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(part)
