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


def open_store(fram, mark_file=MARK_FILE, ledger_file=LEDGER_FILE):
    """Return the store of this board. `fram`: a drivers.fram_mb85rc256v.Fram or an equivalent."""
    chosen = load_settings(mark_file).get("store")
    if chosen not in (FRAM, FILE):
        chosen = FRAM if fram.present() else FILE
        save_settings(mark_file, {"store": chosen})
    if chosen == FILE:
        return FileStore(ledger_file, _FILE_BYTES)
    return fram if fram.writable() else MissingStore()
