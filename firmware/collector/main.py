"""A board's entry point: the collector."""

from boards.common import recovery

recovery.run("collector")
