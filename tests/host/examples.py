"""How many examples a property test has: TJUGO_EXAMPLES times as many in `make soak`."""

import os


def examples(count: int) -> int:
    """Return a number of examples."""
    return count * int(os.environ.get("TJUGO_EXAMPLES", "1"))
