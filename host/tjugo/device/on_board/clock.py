"""The clock of a board, read and set while its application does not run."""

import json  # noqa: F401  Remote.call() prints with it


def clock(unix: int) -> dict:
    """Set the clock, with 0 only read it; return {"unix": UTC seconds or null, "fault": number of
    the clock chip's fault}."""
    import board

    if unix:
        board.clock.set(unix)
    return {"unix": board.clock.unix(), "fault": board.clock.fault()}
