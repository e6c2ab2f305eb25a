"""The log file of a station: private, and of limited size."""

import io
import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tjugo import request_id

MOST_BYTES = 1_000_000
KEPT = 5  # older files: tjugo.log.1 to tjugo.log.5
_FORM = "%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"


class PrivateLog(RotatingFileHandler):
    """A handler that appends to a file of mode 0600 that is not a symbolic link, and begins a new
    one when it is full."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter(_FORM, defaults={"request_id": request_id.NONE}))
        self.addFilter(request_id.mark)

    def _open(self) -> io.TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        handle = os.open(self.baseFilename, flags, 0o600)
        return io.TextIOWrapper(io.FileIO(handle, "a"), encoding="utf-8")


def log_to(path: Path, level: int = logging.WARNING, forked: bool = False) -> None:
    """Write the log of this process to the file. forked: instead of to that of its parent."""
    logging.basicConfig(handlers=[PrivateLog(path)], level=level, force=forked)


def append(path: Path, text: str) -> None:
    """Append an entry to the log, whatever the level. Raise OSError."""
    handler = PrivateLog(path)
    record = logging.LogRecord("tjugo", logging.ERROR, "", 0, text, None, None)
    try:
        if handler.shouldRollover(record):
            handler.doRollover()
        with handler._open() as file:
            file.write(handler.format(record) + "\n")
    finally:
        handler.close()
