"""A script for MicroPython that boots a collector with a clock chip that has the time, and sets it
as the network does. In the folder of the board's flash. It prints "done"."""

import machine

CLOCK = 0x68
UNIX = 1795773600  # 2026-11-27 10:00:00 UTC
REGISTERS = b"\x00\x00\x10\x05\x27\x11\x26"

machine.I2C.small[CLOCK] = bytearray(REGISTERS + bytes(12))

import board  # noqa: E402  the chip is there before

from collector import core  # noqa: E402

parts = core.load(board)
assert board.clock.unix() == UNIX and board.clock.fault() == 0, "after a power failure"
parts.second(1000, board.clock.unix())
board.net._set_time(UNIX + 86400)
assert board.clock.unix() == UNIX + 86400
assert machine.I2C.small[CLOCK][:7] == b"\x00\x00\x10\x06\x28\x11\x26"
print("done")
