"""The reference kernel: a fixed number of HMAC-SHA-256 calls, timed with each measured rate.

The speed differs between machines and varies on one machine. Rates are therefore also given
relative to the rate of the kernel on the same machine just before.
"""

import hmac
import time

CALLS = 20_000
_KEY, _TEXT = bytes(range(20)), bytes(64)
_RUNS = 3


def hmacs_per_second() -> float:
    """Return the calls per second of hmac.digest() with 64 bytes of text, the best of 3 runs."""
    return CALLS / min(_seconds() for _ in range(_RUNS))


def _seconds() -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        hmac.digest(_KEY, _TEXT, "sha256")
    return time.perf_counter() - start
