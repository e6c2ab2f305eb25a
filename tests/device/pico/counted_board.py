"""The board.py of the long run: the board's own, in wired.py, with a report of the heap.

A line {"mem": {"used": .., "lowest_free": ..}} every ten seconds: used after a collection, and the
lowest free heap found at any time.
"""

import gc
import json
import sys

import wired

_LOOK = 5  # calls of service(), of 20 ms, between two looks at the heap
_REPORT = 500
_calls = 0
_lowest = gc.mem_free() + gc.mem_alloc()


def __getattr__(name):
    return getattr(wired, name)


def service(ok=True):
    global _calls, _lowest
    wired.service(ok)
    _calls += 1
    if _calls % _LOOK == 0:
        _lowest = min(_lowest, gc.mem_free())
    if _calls % _REPORT == 0:
        gc.collect()
        report = {"mem": {"used": gc.mem_alloc(), "lowest_free": _lowest}}
        sys.stdout.write(json.dumps(report) + "\n")
