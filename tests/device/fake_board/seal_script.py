"""A script for MicroPython that tries to interrupt a sealed and an open fake board.

Usage: seal_script.py sealed|open|update    in the folder of the board's flash. It prints "done".
"""

import gc
import sys

import machine


class Console:
    """In place of the module micropython: the interrupts that were switched, in order."""

    def __init__(self):
        self.switched = []

    def kbd_intr(self, character):
        self.switched.append(character)


class Application:
    """In place of the meter: it ends at once."""

    @staticmethod
    def run(_board, _health):
        raise SystemExit(0)


def main():
    gc.threshold(16384)  # as the application does
    machine.I2C.memory[0x50] = bytearray(32768)
    kind = sys.argv[1]
    import pins

    cover = machine.Pin({row[0]: row[1] for row in pins.PINS}["cover"])
    cover.level = 0
    import board

    from boards.common import seal
    from runtime import boot

    console = seal.micropython = boot.micropython = Console()
    if kind == "update":
        open(boot.HOLD_FILE, "w").close()
    try:
        boot._run = lambda *_arguments: Application.run(None, None)
        boot.run(board, "ends")
    except SystemExit:
        pass
    assert console.switched == ([] if kind == "sealed" else [3]), console.switched
    console.switched.clear()
    for level in (0, 1, 1, 0, 0):
        cover.level = level
        board.service()
    assert console.switched == ([] if kind == "open" else [3, -1]), console.switched
    print("done")


main()
