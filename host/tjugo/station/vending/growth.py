"""What a database has to know when many sales have made its tables grow."""

import logging
import threading

from tjugo.errors import TjugoError
from tjugo.station.station import Station

log = logging.getLogger(__name__)

_FIRST, _TIMES = 100, 4


class Growth:
    """Has the tables counted after 100 sales of a process, 400, 1600 and so on, beside the sales.
    close() waits for it."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._sold = 0
        self._due_at = _FIRST
        self._thread: threading.Thread | None = None

    def add(self, sold: int) -> None:
        """Note sales that were made. Sales do not wait for a count that is still going on."""
        self._sold += sold
        counting = self._thread is not None and self._thread.is_alive()
        if self._sold >= self._due_at and not counting:
            self._due_at *= _TIMES
            self._thread = threading.Thread(target=self._count, name="statistics", daemon=True)
            self._thread.start()

    def _count(self) -> None:
        try:
            self._station.count_rows()
        except TjugoError as error:  # the server does it later by itself
            log.warning("the tables were not counted: %s", error.message)

    def close(self) -> None:
        """Wait until nothing is counted."""
        if self._thread is not None:
            self._thread.join()
