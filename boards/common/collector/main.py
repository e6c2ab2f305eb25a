"""The main program of a collector board."""
# ruff: noqa: E402  the heap's threshold is set before the board is imported

from runtime import boot

boot.collect_early()

import board

boot.run(board, "collector.app")
