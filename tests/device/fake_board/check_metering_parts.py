"""Every metering part of the settings on the pins of a board, run by run_portable.py."""

import machine
import pins

from boards.common import port_esp32, port_rp2
from boards.common.metering_parts import Bench as Parts
from boards.common.metering_parts import NoPart, make
from drivers.reading import WRONG

PORT = port_rp2 if pins.NAME.startswith("rp2") else port_esp32
GPIO = {row[0]: row[1] for row in pins.PINS}
ALL = "chip_d" in GPIO  # all four pins for a chip
RX = GPIO.get("chip_b", GPIO["pulse"])


class Bus:
    pass


def part(name, **settings):
    settings["metering"] = name
    return make(Parts(pins, PORT, settings, Bus))


def test_chips_on_a_uart():
    for name, baudrate, parity, constant in (
        ("pzem004t", 9600, None, 1000),
        ("bl0942", 4800, None, 10000),
        ("cse7766", 4800, 0, 10000),
    ):
        made, wrong = part(name)
        assert wrong == "" and made.PULSES_PER_KWH == constant
        uart = machine.UART.made[-1]
        assert uart.number == pins.CHIP_UART and uart.number != pins.UART
        options = uart.options
        assert (options["baudrate"], options["parity"]) == (baudrate, parity)
        assert (options["tx"].gpio, options["rx"].gpio) == (GPIO["chip_a"], RX)


def test_a_chip_with_pulses():
    for name in ("hlw8012", "bl0937"):
        made, wrong = part(name)
        assert wrong == ("" if ALL else "metering")
        if ALL:
            assert machine.Pin(GPIO["chip_a"]).level == 1
            assert made.PULSES_PER_KWH == 10000


def test_fast_pulses_have_a_short_filter_and_a_counter_each():
    if not ALL:
        return
    part("bl0937")
    if PORT is port_esp32:
        counters = machine.Counter.made[-2:]
        assert [one.number for one in counters] == [0, 1]
        assert [one.pin.gpio for one in counters] == [GPIO["chip_b"], GPIO["chip_c"]]
        assert counters[0].filter_ns == 10000
    else:
        import rp2

        machines = rp2.StateMachine.made[-2:]
        assert [one.pin.gpio for one in machines] == [GPIO["chip_b"], GPIO["chip_c"]]
        assert machines[0].freq == 6400000


def test_a_chip_on_spi():
    _, wrong = part("atm90e26")
    assert wrong == ("" if ALL else "metering")
    if ALL:
        spi = machine.SPI.made[-1]
        assert spi.number == pins.CHIP_SPI
        wires = [spi.options[name].gpio for name in ("miso", "sck", "mosi")]
        assert wires == [GPIO["chip_a"], GPIO["chip_c"], GPIO["chip_d"]]
        assert (spi.options["polarity"], spi.options["phase"]) == (1, 1)
        assert machine.Pin(GPIO["chip_b"]).level == 1


def test_a_chip_on_the_i2c_bus():
    made, wrong = part("ade7953")
    assert wrong == "" and made._i2c.__class__ is Bus


def test_a_name_that_is_none_measures_nothing_and_is_reported():
    for name in ("", "PZEM004T", "pzem", 5, None, True, ["s0"]):
        made, wrong = part(name)
        assert wrong == "metering" and isinstance(made, NoPart), name
        made.elapsed(20)
        assert made.take(100) == made.take_export() == 0
        assert made.reading.fault == WRONG and made.reading.w_x10 is None


def test_gains_with_a_wrong_checksum_are_a_wrong_setting():
    gains = [1002300, 998700, 1000000]
    crc = 0x9D27B705
    assert part("ade7953", gains=gains, gains_crc=crc)[1] == ""
    for wrong in (crc ^ 1, 0, None, "1", [crc]):
        made, name = part("ade7953", gains=gains, gains_crc=wrong)
        assert name == "gains" and made.take(1) == 0, wrong
    assert part("ade7953", gains=[1002300, 998701, 1000000], gains_crc=crc)[1] == "gains"
    assert part("ade7953", gains_crc=crc)[1] == "gains"  # the gains are gone


def test_gains_are_checked_and_applied():
    made, wrong = part("ade7953", gains=[1000000, 1000000, 2000000])
    assert wrong == ""
    made._count(23716)
    made._measured()
    assert made.take(100) == 20  # 1 Wh, twice
    for gains in (5, "1", [], [1000000] * 2, [1000000] * 4, [1000000, 1000000, 99999]):
        assert part("ade7953", gains=gains)[1] == "gains", gains
    for gain in (True, "1000000", None, 1.0, 0, -1, 10000001):
        assert part("ade7953", gains=[1000000, gain, 1000000])[1] == "gains", gain
