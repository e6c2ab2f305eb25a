"""Half duplex RS-485 on a UART: control of the driver.

The sequence is the same on every port: enable the driver, pass the frame to the UART, sleep until
shortly before its end, then wait for the last bit in a loop. The last milliseconds are not left to
a scheduler, because the server may answer 3.5 characters after the end of the frame, when the
driver must be off.
"""

_CHARACTER_BITS = 11  # start, eight data, parity (or a second stop bit), stop
_BAUDRATES = (9600, 1200, 2400, 4800, 19200, 38400, 57600, 115200)
_BUSY_MS = 3  # wait in a loop instead of a sleep


def baudrate_of(settings):
    """Return the baud rate in a board's settings, or 9600 if it is missing or unsupported."""
    baudrate = settings.get("baudrate")
    return baudrate if baudrate in _BAUDRATES else _BAUDRATES[0]


def frame_ms(length, baudrate):
    """Return the transmission time of `length` characters, ms, rounded up."""
    return (length * _CHARACTER_BITS * 1000 + baudrate - 1) // baudrate


def silence_ms(baudrate):
    """Return t3.5, the silence between two frames, ms, rounded up.

    It is 1.75 ms above 19200 baud (MODBUS over Serial Line V1.02, 2.5.1.1).
    """
    if baudrate > 19200:
        return 2
    return (7 * _CHARACTER_BITS * 1000 + 2 * baudrate - 1) // (2 * baudrate)


class RS485:
    """A bus. `uart` has write, read and txdone; `driver_enable` is called with 1 and 0 (a Pin).

    `echo`: the transceiver receives its own frames (modules with automatic direction, or RE tied
    low); as many bytes as were sent are then read and discarded.
    `coarse_ms`: the shortest silence that this board can distinguish from a scheduler pause.
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
        """Enable the driver and send a frame. Return the time the caller may sleep, ms."""
        self._enable(1)
        self._sent = len(frame)
        self._uart.write(frame)
        return max(0, frame_ms(self._sent, self.baudrate) - _BUSY_MS)

    def end(self):
        """Wait for the last bit and disable the driver."""
        while not self._uart.txdone():
            pass
        self._enable(0)
        if self._echo:
            self._drop_echo()

    def _drop_echo(self):
        start = self._time.ticks_ms()
        left = self._sent
        while left and self._time.ticks_diff(self._time.ticks_ms(), start) < self.gap_ms:
            received = self._uart.read(left)
            left -= len(received) if received else 0


def _nothing(_level):
    pass
