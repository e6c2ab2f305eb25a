"""The time of day of a real board: from the clock chip that the settings name, or the processor.

The processor's own clock has no battery: it is unknown after each power failure.
"""

import time

import machine

from meterbus import codes

_CHIP = "ds3231"


class DayTime:
    """unix() and set(unix) in UTC seconds since 1970; fault(): see boards/common/clock.py.

    wrong: "clock" if the setting of this name is no clock, else "".
    """

    def __init__(self, epoch, settings, i2c, serve):
        """epoch: of time.time(). i2c(): returns the bus. serve(elapsed): has `elapsed` called."""
        self._epoch = epoch
        self._chip = None
        name = settings.get("clock")
        self.wrong = "" if name in (None, _CHIP) else "clock"
        if name == _CHIP:
            from drivers.chip_clock import ChipClock  # heap only where it is needed
            from drivers.ds3231 import Ds3231

            self._chip = ChipClock(Ds3231(i2c()))
            serve(self._chip.elapsed)

    def unix(self):
        """Return the time, None while it is unknown."""
        if self._chip:
            return self._chip.unix()
        now = int(time.time()) + self._epoch
        return now if codes.FIRST_TIME <= now < codes.END_OF_TIME else None  # never set

    def set(self, unix):
        """Set the time; on a board with a chip, the chip too."""
        if self._chip:
            self._chip.set(unix)
        year, month, day, hour, minute, second, weekday = time.gmtime(unix - self._epoch)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))

    def fault(self):
        """Return what is wrong with the chip, 0 for nothing."""
        return self._chip.fault if self._chip else 0
