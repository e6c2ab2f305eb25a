"""Where the ledger is: FRAM if the board had one when it was first started, else a file.

The choice is made once and written down. Were it made at every start, a FRAM that does not answer
for once would be replaced by an empty file: no credit, and every old token new again. So a board
that began with FRAM and does not find it has no ledger, and says so.
"""

from boards.common.files import FileStore
from runtime.settings_file import load_settings, save_settings

MARK_FILE = "store.json"
LEDGER_FILE = "ledger.bin"
FRAM = "fram"
FILE = "file"

# Two slots of the ledger. littlefs keeps a file of this size inside its directory block, which
# costs far fewer erased blocks than one of its own would: docs/boards.md has the figures.
_FILE_BYTES = 512


class MissingStore:
    """Stands for a memory that ought to be there. OSError for everything."""

    size = _FILE_BYTES

    def read(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")

    def write(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")


def open_store(fram, mark_file=MARK_FILE, ledger_file=LEDGER_FILE):
    """The store of this board. `fram`: drivers.fram_mb85rc256v.Fram, or what behaves like it."""
    chosen = load_settings(mark_file).get("store")
    if chosen not in (FRAM, FILE):
        chosen = FRAM if fram.present() else FILE
        save_settings(mark_file, {"store": chosen})
    if chosen == FILE:
        return FileStore(ledger_file, _FILE_BYTES)
    return fram if fram.writable() else MissingStore()
