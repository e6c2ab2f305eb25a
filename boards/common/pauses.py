"""The pause before a board restarts because its settings cannot be used.

They are the same after the restart: without a pause the board would be in safe mode within a
second, and the report of what is wrong be lost.
"""

import time

_SETTINGS = 2  # the status with which an application ends then
_PAUSE_MS = 10000


def before_restart(status, service):
    """Wait if that is the status, and call the board's `service` meanwhile."""
    if status != _SETTINGS:
        return
    began = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), began) < _PAUSE_MS:
        service()
        time.sleep_ms(20)
