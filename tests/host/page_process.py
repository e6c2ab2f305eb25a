"""A meter with its page for MicroPython, whose ticks follow each other without a pause.

Usage: page_process.py PORT    (firmware and tests/host/portable must be in sys.path). It prints
"ready", and after each line on its standard input, a number of ms of supply time at most, the
state of the meter as JSON.
"""

import gc
import json
import select
import sys
import time
from binascii import crc32

from meter_rig import Mark, Memory, meter

from meter.local.options import of_page
from meter.local.server import Page


def main():
    gc.threshold(16384)
    memory = Memory()
    device = meter(memory, mark=Mark(), features="core")
    page = Page(device, of_page({"page": {"port": int(sys.argv[1]), "address": "127.0.0.1"}}))
    commands = select.poll()
    commands.register(sys.stdin, select.POLLIN)
    last = time.ticks_ms()
    longest = 0
    print("ready")
    while True:
        now = time.ticks_ms()
        ms = time.ticks_diff(now, last)
        last = now
        device.elapsed(0, ms)
        page.tick(ms, True)
        page.work()
        longest = max(longest, time.ticks_diff(time.ticks_ms(), now))
        if commands.poll(0):
            if not sys.stdin.readline():
                return
            state = device.report()
            state["lockout"] = max(device.lockout.wrong)
            state["memory"] = crc32(memory.data)
            state["writes"] = memory.writes
            state["longest_ms"] = longest
            gc.collect()
            state["free"] = gc.mem_free()
            print(json.dumps(state))


main()
