# The collector on the emulated board: the start.
# ruff: noqa: E402  the heap's threshold is set before anything is imported
import gc
import time

gc.threshold(8192)  # as firmware/runtime/boot.py sets it

import board
from counter import tell

from collector import core
from collector.app import Collector
from runtime.boot import Health

collector = Collector(board, core.load(board), Health())
_BOOT_US = time.ticks_us()  # since power-on
gc.collect()
tell("app.collector.boot", _BOOT_US * 1000 // 1024, gc.mem_alloc())
