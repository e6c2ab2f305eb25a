"""The metering chip that the settings name, on the pins that the board has for it.

A driver is imported only when it is chosen: the others would take heap.
"""

import machine
from machine import Pin

from drivers.part import GAINS, gains_crc
from drivers.reading import WRONG, Reading

_LEAST_GAIN, _GREATEST_GAIN = 100000, 10000000
_FAST_PULSES_US = 10  # a BL0937's pulses have 38 us
_SPI_HZ = 200000


class NoPart:
    """In place of a part that cannot be made: it measures nothing and reports a fault."""

    PULSES_PER_KWH = 1000

    def __init__(self):
        self.reading = Reading()
        self.reading.failed(WRONG)

    def take(self, _limit):
        return 0

    def take_export(self):
        return 0

    def elapsed(self, _ms):
        pass


class Bench:
    """What a part is made from. `pins`: the module pins.py; `port`: port_rp2 or port_esp32.

    i2c: a function that returns the board's bus.
    """

    def __init__(self, pins, port, settings, i2c):
        self.gpio = {row[0]: row[1] for row in pins.PINS}
        self.pins = pins
        self.port = port
        self.settings = settings
        self.i2c = i2c
        self.gains = None  # as in drivers/part.py

    def pin(self, name):
        """Return the GPIO of a function; the pulse input stands in for a missing chip_b.

        Raise KeyError if the board has none.
        """
        if name == "chip_b" and name not in self.gpio:
            name = "pulse"
        return self.gpio[name]

    def uart(self, baudrate, parity=None):
        """Return the UART of the metering chip."""
        tx, rx = Pin(self.pin("chip_a")), Pin(self.pin("chip_b"))
        return machine.UART(
            self.pins.CHIP_UART,
            baudrate=baudrate,
            bits=8,
            parity=parity,
            stop=1,
            tx=tx,
            rx=rx,
            **self.port.UART_BUFFERS,
        )


def make(bench):
    """Return (part, wrong): wrong is the name of the setting that cannot be used, or "".

    The settings are "metering", a chip, "gains", three numbers in parts per million for voltage,
    current and power, and "gains_crc", their checksum, which a calibration writes.
    """
    name = bench.settings["metering"]
    maker = _MAKERS.get(name) if isinstance(name, str) else None
    if maker is None:
        return NoPart(), "metering"
    bench.gains = _gains(bench.settings)
    if bench.gains is None:
        return NoPart(), "gains"
    try:
        return maker(bench), ""
    except KeyError:  # the board has no pins for this part
        return NoPart(), "metering"


def _gains(settings):
    """Return the three gains as a tuple, None if they are none or their checksum is wrong."""
    values = settings.get("gains", GAINS)
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        return None
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        if not _LEAST_GAIN <= value <= _GREATEST_GAIN:
            return None
    if settings.get("gains_crc", gains_crc(values)) != gains_crc(values):
        return None
    return tuple(values)


def _pzem004t(bench):
    from drivers.pzem004t import Pzem004t

    return Pzem004t(bench.uart(9600), bench.gains)


def _bl0942(bench):
    from drivers.bl0942 import Bl0942

    return Bl0942(bench.uart(4800), bench.gains)


def _cse7766(bench):
    from drivers.cse7766 import Cse7766

    return Cse7766(bench.uart(4800, 0), bench.gains)  # parity 0: even


def _hlw8012(bench):
    from drivers import hlw8012

    bl0937 = bench.settings["metering"] == "bl0937"
    chip = hlw8012.BL0937 if bl0937 else hlw8012.HLW8012
    cf, cf1 = bench.pin("chip_b"), bench.pin("chip_c")
    sel = Pin(bench.pin("chip_a"), Pin.OUT, value=1)
    counter = bench.port.PulseCounter
    counters = counter(cf, 0, _FAST_PULSES_US), counter(cf1, 1, _FAST_PULSES_US)
    return hlw8012.Hlw8012(counters[0], counters[1], sel, chip, bench.gains)


def _atm90e26(bench):
    from drivers.atm90e26 import Atm90e26

    sck, mosi, miso = bench.pin("chip_c"), bench.pin("chip_d"), bench.pin("chip_a")
    spi = machine.SPI(
        bench.pins.CHIP_SPI,
        baudrate=_SPI_HZ,
        polarity=1,
        phase=1,
        sck=Pin(sck),
        mosi=Pin(mosi),
        miso=Pin(miso),
    )
    return Atm90e26(spi, Pin(bench.pin("chip_b"), Pin.OUT, value=1), bench.gains)


def _ade7953(bench):
    from drivers.ade7953 import Ade7953

    return Ade7953(bench.i2c(), bench.gains)


_MAKERS = {
    "pzem004t": _pzem004t,
    "bl0942": _bl0942,
    "cse7766": _cse7766,
    "hlw8012": _hlw8012,
    "bl0937": _hlw8012,
    "atm90e26": _atm90e26,
    "ade7953": _ade7953,
}
