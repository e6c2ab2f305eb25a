"""A board's entry point: the meter."""

from boards.common import recovery

recovery.run("meter")
