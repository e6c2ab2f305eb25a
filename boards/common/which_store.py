"""The memory of the ledger: FRAM if the board had one at its first start, else a file.

The choice is made once and stored. If it were made at every start, a FRAM that does not answer
once would be replaced by an empty file: the credit would be lost and used tokens accepted again.
Therefore a board that started with a FRAM and does not find it has no ledger and reports a fault.
"""

from boards.common.files import FileStore
from runtime.settings_file import load_settings, save_settings

MARK_FILE = "store.json"
LEDGER_FILE = "ledger.bin"
FRAM = "fram"
FILE = "file"

# Two slots of the ledger. littlefs stores a file of this size inside its directory block, which
# erases far fewer blocks than a separate block would: docs/boards.md has the figures.
_FILE_BYTES = 512


class MissingStore:
    """A memory that is missing. Every access raises OSError."""

    size = _FILE_BYTES

    def read(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")

    def write(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")


class Mark:
    """The state of the ledger, stored outside of the ledger in a small JSON file.

    It distinguishes a lost ledger from a new meter: the memory is blank in both cases.
    """

    def __init__(self, path=MARK_FILE):
        self._path = path

    def get(self, name):
        """Return the stored value of this name, or None if there is none."""
        return load_settings(self._path).get(name)

    def put(self, values):
        """Store the values of a dict. Raise OSError if they cannot be written."""
        noted = load_settings(self._path)
        noted.update(values)
        save_settings(self._path, noted)


def open_store(fram, mark_file=MARK_FILE, ledger_file=LEDGER_FILE):
    """Return the store of this board. `fram`: a drivers.fram_mb85rc256v.Fram or an equivalent."""
    mark = Mark(mark_file)
    chosen = mark.get("store")
    if chosen not in (FRAM, FILE):
        chosen = FRAM if fram.present() else FILE
        mark.put({"store": chosen})
    if chosen == FILE:
        return FileStore(ledger_file, _FILE_BYTES)
    return fram if fram.writable() else MissingStore()
