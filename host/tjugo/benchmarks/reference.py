"""The reference kernel: a fixed count of HMAC-SHA-256, timed in the run that a rate comes from.

Machines differ, and so does one machine from minute to minute. Rates are therefore also given in
units of what the same machine did with the kernel just before.
"""

import hmac
import time

CALLS = 20_000
_KEY, _TEXT = bytes(range(20)), bytes(64)
_RUNS = 3


def hmacs_per_second() -> float:
    """Calls a second of hmac.digest() with 64 bytes of text: CALLS of them, the best of 3 runs."""
    return CALLS / min(_seconds() for _ in range(_RUNS))


def _seconds() -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        hmac.digest(_KEY, _TEXT, "sha256")
    return time.perf_counter() - start
