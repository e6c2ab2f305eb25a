"""A script for MicroPython that boots a meter with a clock chip: absent, then with a lost time.

Usage: clock_script.py TOKEN    in the folder of the board's flash. It prints "done".
"""

import gc
import sys
import time

import machine

FRAM, CLOCK = 0x50, 0x68
UNIX = 1795773600  # 2026-11-27 10:00:00 UTC
SILENT, LOST = 1, 2
ACCEPT = 0


def main():
    gc.threshold(16384)  # as the application does
    machine.I2C.memory[FRAM] = bytearray(32768)
    import board

    from meter.app import App
    from meterbus import codes
    from runtime.boot import Health
    from sts_portable import results

    app = App(board, Health())

    def run(ms):
        for _ in range(ms // 1000):
            app._tick()
            time.sleep_ms(1000)

    run(10000)
    assert app._selftest()["settings"] == "ok"
    assert board.clock.unix() is None and board.clock.fault() == SILENT
    assert app._selftest()["clock_fault"] == SILENT
    assert app._meter.enter_token(sys.argv[1]) == results.ACCEPT
    chip = machine.I2C.small[CLOCK] = bytearray(b"\x00\x00\x10\x05\x27\x11\x26" + bytes(12))
    chip[0x0F] = 0x80
    run(70000)
    assert board.clock.unix() is None and board.clock.fault() == LOST
    board.clock.set(UNIX)
    assert chip[:7] == b"\x00\x00\x10\x05\x27\x11\x26" and chip[0x0F] == 0
    assert board.clock.unix() == UNIX and board.clock.fault() == 0
    assert machine.RTC.was_set, "the processor's clock too"
    log = app._meter.events
    found = [log.entry(number + 1) for number in range(log.sequence)]
    faults = [row[2] for row in found if row[1] == codes.EVENT_CLOCK_FAULT]
    assert faults == [SILENT, LOST], faults
    print("done")


main()
