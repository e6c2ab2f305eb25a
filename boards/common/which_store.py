"""The memory of the ledger: FRAM if the board had one at its first start, else a file.

The choice is made once and stored. If it were made at every start, a FRAM that does not answer
once would be replaced by an empty file: the credit would be lost and used tokens accepted again.
Therefore a board that started with a FRAM and does not find it has no ledger and reports a fault.
"""

from boards.common.mark import MARK_FILE, SETTINGS_FILE, Mark

LEDGER_FILE = "ledger.bin"
FRAM = "fram"
FILE = "file"
_FILE_BYTES = 32768  # as the FRAM


class MissingStore:
    """A memory that is missing. Every access raises OSError."""

    size = _FILE_BYTES

    def read(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")

    def write(self, offset, buf):
        raise OSError(19, "the ledger's memory does not answer")


def open_store(fram, mark_file=MARK_FILE, ledger_file=LEDGER_FILE, settings=SETTINGS_FILE):
    """Return the store of this board. `fram`: a drivers.fram_mb85rc256v.Fram or an equivalent.

    While the choice cannot be read there is no store: another one would be blank.
    """
    mark = Mark(mark_file, settings)
    try:
        chosen = mark.get("store")
    except ValueError:
        return MissingStore()
    if chosen not in (FRAM, FILE):
        chosen = FRAM if fram.present() else FILE
        mark.put({"store": chosen})
    if chosen == FILE:
        from boards.common.files import Files  # heap only where it is wanted

        return Files(ledger_file, _FILE_BYTES)
    return fram if fram.writable() else MissingStore()
