"""A script for MicroPython that boots a meter with a wrong setting of the board.

Usage: wrong_part_script.py NAME    the setting, in the folder of the board's flash, as
meter_script.py. It prints "done".
"""

import gc
import sys
import time

import machine


def main():
    gc.threshold(16384)  # as the application does
    machine.I2C.memory[0x50] = bytearray(32768)
    machine.I2C.displays = (0x27,)
    import board

    from meter.app import App
    from runtime.boot import Health

    app = App(board, Health())
    for _ in range(10):
        app._tick()
        time.sleep_ms(20)
    assert app._selftest()["settings"] == sys.argv[1]
    report = app._meter.report()
    assert report["open_text"] == "Not set up", report
    assert not report["power_w"] and report["energy_wh"] == 0, report
    if sys.argv[1] == "metering":
        assert report["power_w"] is None
    shown = app._meter.display()
    assert (shown.label, shown.value) == ("Not set up", "Check " + sys.argv[1])
    print("done")


main()
