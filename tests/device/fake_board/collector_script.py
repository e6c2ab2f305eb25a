"""A script for MicroPython that boots the collector's parts on a fake chip and prints "done"."""

import time

import board
import machine
import network

from collector import core

TIME_2026 = 1767225600

parts = core.load(board)
assert not board.net.up() and len(network.attempts) == 1
network.joined[0] = True
assert board.net.up()
assert board.clock.unix() is None, "the time is unknown"
port = board._hardware._port
time.unix[0] = TIME_2026 - port.EPOCH
assert board.clock.unix() == TIME_2026
board.clock.set(TIME_2026)
assert machine.RTC.was_set == (2026, 5, 4, 0, 3, 2, 1, 0), "weekday before the hour"
for _ in range(3):
    board.service()
    time.sleep_ms(20)
board.service(False)
assert machine.WDT.made[0].fed == 3, "fed only when all is well"
assert board.clock.elapsed_ms() == 60
request = parts.poller.next(1000)
assert 0 < board.rs485.begin(request) < 100
de = [pin for pin in machine.Pin.made.values() if pin.level == 1 and pin.mode == pin.OUT]
assert len(de) == 1, "the driver is on"
board.rs485.end()
assert de[0].level == 0
board.restart()
assert machine.resets == [True]
print("done")
