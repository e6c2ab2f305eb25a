"""Half duplex RS-485 on a UART: when the driver is on, and for how long.

The recipe that works on every port: driver on, hand over the frame, sleep until shortly before
its end, then wait busily for the last bit. The last milliseconds are never left to a scheduler,
because a server may answer 3.5 characters after the end and must not meet our driver.
"""

_CHARACTER_BITS = 11  # start, eight data, parity (or a second stop bit), stop
_BAUDRATES = (9600, 1200, 2400, 4800, 19200, 38400, 57600, 115200)
_BUSY_MS = 3  # waited for in a loop, not slept


def baudrate_of(settings):
    """The baud rate a board's settings ask for; 9600 if they name none that is in use."""
    asked = settings.get("baudrate")
    return asked if asked in _BAUDRATES else _BAUDRATES[0]


def frame_ms(length, baudrate):
    """Time on the wire of `length` characters, ms, rounded up."""
    return (length * _CHARACTER_BITS * 1000 + baudrate - 1) // baudrate


def silence_ms(baudrate):
    """t3.5, the silence between two frames, ms, rounded up.

    Fixed at 1.75 ms above 19200 baud (MODBUS over Serial Line V1.02, 2.5.1.1).
    """
    if baudrate > 19200:
        return 2
    return (7 * _CHARACTER_BITS * 1000 + 2 * baudrate - 1) // (2 * baudrate)


class RS485:
    """`uart` has write, read and txdone; `driver_enable` is called with 1 and 0 (a Pin will do).

    `echo`: the transceiver hears itself (modules that switch direction on their own, or RE tied
    low); as many bytes as were sent are then taken out of the receiver again.
    `coarse_ms`: the shortest silence this board can tell from a pause of its own scheduler.
    `time`: a module with ticks_ms and ticks_diff, needed only with `echo`.
    """

    def __init__(self, uart, baudrate, driver_enable=None, echo=False, coarse_ms=0, time=None):
        self.stream = uart
        self._uart = uart
        self.baudrate = baudrate
        self.turn_ms = silence_ms(baudrate)
        self.gap_ms = max(self.turn_ms, coarse_ms)
        self._enable = driver_enable or _nothing
        self._echo = echo
        self._time = time
        self._sent = 0

    def begin(self, frame):
        """Switch the driver on and hand over the frame; how long the caller may sleep, ms."""
        self._enable(1)
        self._sent = len(frame)
        self._uart.write(frame)
        return max(0, frame_ms(self._sent, self.baudrate) - _BUSY_MS)

    def end(self):
        """Wait for the last bit and switch the driver off."""
        while not self._uart.txdone():
            pass
        self._enable(0)
        if self._echo:
            self._drop_echo()

    def _drop_echo(self):
        start = self._time.ticks_ms()
        left = self._sent
        while left and self._time.ticks_diff(self._time.ticks_ms(), start) < self.gap_ms:
            heard = self._uart.read(left)
            left -= len(heard) if heard else 0


def _nothing(_level):
    pass
