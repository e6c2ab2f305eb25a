"""Where the ledger is: FRAM if the board had one when it was first started, else a file.

The choice is made once and written down. Were it made at every start, a FRAM that does not answer
for once would be replaced by an empty file: no credit, and every used token accepted again. So a
board that began with FRAM and does not find it has no ledger, and reports a fault.
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
    """Stands for a memory that does not answer: OSError for everything."""

    size = _FILE_BYTES

    def read(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")

    def write(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")


class Mark:
    """What the board notes about its ledger, outside of the ledger: a small JSON file.

    A blank memory is then a lost ledger and not a new meter.
    """

    def __init__(self, path=MARK_FILE):
        self._path = path

    def get(self, name):
        """Return a noted value, None if there is none."""
        return load_settings(self._path).get(name)

    def put(self, values):
        """Note the values of a dict. OSError: they could not be written."""
        noted = load_settings(self._path)
        noted.update(values)
        save_settings(self._path, noted)


def open_store(fram, mark_file=MARK_FILE, ledger_file=LEDGER_FILE):
    """Return the store of this board. `fram`: drivers.fram_mb85rc256v.Fram or its equal."""
    mark = Mark(mark_file)
    chosen = mark.get("store")
    if chosen not in (FRAM, FILE):
        chosen = FRAM if fram.present() else FILE
        mark.put({"store": chosen})
    if chosen == FILE:
        return FileStore(ledger_file, _FILE_BYTES)
    return fram if fram.writable() else MissingStore()
