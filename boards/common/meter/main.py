"""The main program of a meter board."""
# ruff: noqa: E402  the heap's threshold is set before the board is imported

import micropython

micropython.kbd_intr(-1)  # first of all: runtime/boot.py permits it if the meter is not sealed

import sys

sys.path.insert(
    0, "/rom/lib"
)  # before lib/, which has the safe application only if there is a ROM

from runtime import boot

boot.collect_early()

import board

boot.run(board, "meter.app")
