"""The start of the application, and its recovery after failures.

An exception that nobody caught, or a reset by the watchdog, is a failure. It is written down, and
the board starts again. After a few failures without a minute of health in between, the safe
application takes the application's place: it reports the failure on the bus and waits for an
update. After an hour the application is started once more. A power cut is not a failure.
"""

import gc
import io
import os
import sys

try:
    import micropython
except ImportError:
    micropython = None  # on the host, for its tests

from .settings_file import load_settings, save_settings

CRASH_FILE = "crash.json"
HOLD_FILE = "hold"  # there while files are being replaced: do not start the application

_FAILURES = 4
_HEALTHY_MS = 60000
_TEXT = 160
_GARBAGE_BYTES = 16384
_CTRL_C = 3
_PLACE = "  File "


class Health:
    """The failures of the application, stored in a file.

    failures: in a row, without a minute of health between them. crashes: of all time.
    last: the text of the last one, ASCII, "" if there was none.
    """

    ONCE = ("hopeless", "one_more_try")  # of the boot, see runtime/overlay.py

    def __init__(self, path=CRASH_FILE):
        kept = load_settings(path)
        self._path = path
        self.failures = _number(kept.get("failures"))
        self.crashes = _number(kept.get("crashes"))
        last = kept.get("last")
        self.last = last if isinstance(last, str) else ""
        self._up_ms = 0

    def failed(self, text):
        """Record that the application ended with this text."""
        self.failures += 1
        self.crashes += 1
        self.last = "".join(c if " " <= c <= "~" else " " for c in text[:_TEXT])
        self._save()

    def beat(self, ms):
        """Count `ms` of real time in which the application worked."""
        self._up_ms += ms
        if self.failures and self._up_ms >= _HEALTHY_MS:
            self.failures = 0
            self._save()

    def hopeless(self):
        """Return True if the application has failed too often to be started again now."""
        return self.failures >= _FAILURES

    def one_more_try(self):
        """Let the application start once more; if it fails, the safe one starts at once."""
        self.failures = _FAILURES - 1
        self._save()

    def _save(self):
        kept = {"failures": self.failures, "crashes": self.crashes, "last": self.last}
        try:
            save_settings(self._path, kept)
        except OSError:
            pass  # a full or broken flash must not keep the board from starting


def _number(value):
    return value if isinstance(value, int) and value > 0 else 0


def describe(error):
    """Return an exception in one line: what it is, and the place where it was raised."""
    told = io.StringIO()
    sys.print_exception(error, told)
    lines = told.getvalue().rstrip().split("\n")
    places = [line.replace(_PLACE, "") for line in lines if line.startswith(_PLACE)]
    return lines[-1] + (" at " + places[-1] if places else "")


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def collect_early():
    """Make the garbage collector run often. Call it before anything large is imported.

    Importing makes much garbage. Collected late, it leaves what is kept scattered over the heap,
    and then no place is left for a table of a few KB.
    """
    gc.threshold(_GARBAGE_BYTES)


def run(board, application):
    """Run an application, the name of a module with `run(board, health)`, on a board.

    board: see boards/README.md. Ends as the board ends its programs. The console of a sealed meter
    cannot interrupt it, unless files are being replaced: board.service() permits it.
    """
    try:
        if not board.settings().get("sealed") or _exists(HOLD_FILE):
            _interrupts(_CTRL_C)
        _run(board, Health(), application)
    except KeyboardInterrupt:
        _interrupts(-1)  # not once more before the watchdog is off
        board.stop_watchdog()
        _interrupts(_CTRL_C)
        raise


def _interrupts(character):
    if hasattr(micropython, "kbd_intr"):
        micropython.kbd_intr(character)


def _run(board, health, application):
    if board.watchdog_reset:
        health.failed("watchdog reset")
    why = ""
    if _exists(HOLD_FILE):
        why = "update"
    elif health.hopeless():
        why = "crash"
    try:
        if why:
            safe = __import__("runtime.safe", None, None, ("run",))
            safe.run(board, health, application.split(".")[0], why)
        else:
            __import__(application, None, None, ("run",)).run(board, health)
    except SystemExit as end:
        status = end.args[0] if end.args else 0
        if not status:
            raise  # the simulated board is switched off
        _failed(board, health, "ended with status %s" % status, status)
    except Exception as error:
        gc.collect()  # the failure may be that of the heap
        sys.print_exception(error, sys.stderr)
        _failed(board, health, describe(error), 1)


def _failed(board, health, text, status):
    if not _exists(HOLD_FILE):
        health.failed(text)
    board.restart(status)
