"""A script for MicroPython that opens the covers of a fake board and brings a magnet near.

Usage: tamper_script.py plain|low|high    the board's inputs: the cover alone, or all of them with
this level for a magnet. In the folder of the board's flash. It prints "done".
"""

import gc
import sys
import time

import machine


def main():
    gc.threshold(16384)  # as the application does
    machine.I2C.memory[0x50] = bytearray(32768)
    import board
    import pins

    from meter.app import App
    from meterbus import codes
    from runtime.boot import Health

    gpio = {row[0]: row[1] for row in pins.PINS}
    kind = sys.argv[1]
    wires = [("cover", codes.METER_COVER, 1)]
    if kind != "plain":
        wires += [("terminal_cover", codes.TERMINAL_COVER, 1)]
        wires += [("magnet", codes.MAGNET, 1 if kind == "high" else 0)]
    for name, _bit, level in wires:
        machine.Pin(gpio[name]).level = 1 - level
    app = App(board, Health())
    tamper = app._meter.tamper

    def run(ms):
        for _ in range(ms // 20):
            app._tick()
            time.sleep_ms(20)

    run(5000)
    assert tamper.now == tamper.latched == 0, "what is not wired or at rest is no tampering"
    for name, bit, level in wires:
        pin = machine.Pin(gpio[name])
        free = gpio[name] in getattr(pins, "NO_PULL", ())
        assert (pin.mode, pin.pull) == (pin.IN, None if free else pin.PULL_UP), name
        for _ in range(10):  # contacts that bounce
            pin.level = level
            run(100)
            pin.level = 1 - level
            run(40)
        assert not tamper.latched & bit, name
        pin.level = level
        run(300)
        assert tamper.now == bit and tamper.latched & bit, name
        pin.level = 1 - level
        run(100)
        assert not tamper.now and tamper.latched & bit, name
    assert tamper.latched == sum(bit for _name, bit, _level in wires)

    # A cover that is open at the start was opened without power.
    machine.Pin(gpio["cover"]).level = 1
    app = App(board, Health())
    app._meter.tamper.latched = 0
    run(500)
    log = app._meter.events
    found = [log.entry(number + 1) for number in range(log.sequence)]
    assert found[-1][1:] == (codes.EVENT_TAMPER, codes.METER_COVER | 0x100), found
    print("done")


main()
