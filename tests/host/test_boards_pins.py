"""The pin tables are complete, use each pin once, and use suitable pins only."""

import pytest

from tjugo.wiring.pages import BOARDS, load_pins

FUNCTIONS = {
    *("rs485_tx", "rs485_rx", "rs485_de", "i2c_sda", "i2c_scl"),
    *("relay_open", "relay_close", "relay_sense", "cover", "pulse", "led"),
    *("terminal_cover", "magnet"),
    *(f"key_{wire}" for wire in ("r1", "r2", "r3", "r4", "c1", "c2", "c3")),
}
OPTIONAL = {"buzzer", "led"}
# Of the metering chip; a board without them all supports fewer chips.
CHIP = {"chip_a", "chip_b", "chip_c", "chip_d"}
LACKING = {"esp32_devkit": {"chip_b", "chip_c", "chip_d"}}
# RP2040 data sheet, table 2: the pins of each peripheral's signals.
RP2040 = {
    "rs485_tx": {1: {4, 8, 20, 24}, 0: {0, 12, 16, 28}},
    "rs485_rx": {1: {5, 9, 21, 25}, 0: {1, 13, 17, 29}},
    "i2c_sda": {0: {0, 4, 8, 12, 16, 20, 24, 28}, 1: {2, 6, 10, 14, 18, 22, 26}},
    "i2c_scl": {0: {1, 5, 9, 13, 17, 21, 25, 29}, 1: {3, 7, 11, 15, 19, 23, 27}},
}
RP2040_SPI = {  # MISO, SCK and MOSI; any pin can be the chip select
    "chip_a": {0: {0, 4, 16, 20}, 1: {8, 12, 24, 28}},
    "chip_c": {0: {2, 6, 18, 22}, 1: {10, 14, 26}},
    "chip_d": {0: {3, 7, 19, 23}, 1: {11, 15, 27}},
}
# ESP32 data sheet 2.3 and 2.4, ESP32-S3 data sheet 2.3 and 2.6: flash, console, pins that decide
# how the chip starts, inputs that the radio disturbs, USB, memory.
NOT_FREE = {
    "esp32_devkit": {0, 1, 3, 12, *range(6, 12), *range(36, 40)},
    "esp32s3_devkit": {0, 3, 45, 46, 19, 20, 43, 44, *range(26, 33), *range(33, 38)},
    "rp2040_pico": {23, 24, 25, 29},
    "rp2040_pico_w": {23, 24, 25, 29},
    "rp2350_pico2_w": {23, 24, 25, 29},
}
# ESP32 pins without a pull-up inside and without an output.
NO_PULL = {"esp32_devkit": {34, 35}}
# ESP32 pins that must be low while the chip starts: for loads to ground only.
LOW_AT_START = {"esp32_devkit": {2}}
# ESP32 pins that change their level while the chip starts: not for outputs that switch anything.
RESTLESS = {"esp32_devkit": {0, 1, 2, 3, 5, 12, 14, 15}}


@pytest.mark.parametrize("board", BOARDS)
def test_the_table_is_complete_and_free_of_doubles(board):
    pins = load_pins(board)
    functions = [row[0] for row in pins.PINS]
    gpios = [row[1] for row in pins.PINS]
    places = [row[2] for row in pins.PINS]
    assert pins.NAME == board
    expected = FUNCTIONS | CHIP - LACKING.get(board, set())
    assert set(functions) - OPTIONAL == expected - OPTIONAL
    assert len(functions) == len(set(functions))
    assert len(set(gpios)) == len(gpios)
    assert len(set(places)) == len(places)
    assert not NOT_FREE[board] & set(gpios)


@pytest.mark.parametrize("board", BOARDS)
def test_coils_and_line_driver_are_on_quiet_pins(board):
    gpio = {row[0]: row[1] for row in load_pins(board).PINS}
    switching = {gpio[name] for name in ("relay_open", "relay_close", "rs485_de")}
    assert not switching & RESTLESS.get(board, set())


@pytest.mark.parametrize("board", BOARDS)
def test_what_is_low_at_the_start_is_on_pins_that_must_be(board):
    gpio = {row[0]: row[1] for row in load_pins(board).PINS}
    assert set(gpio.values()) & LOW_AT_START.get(board, set()) <= {gpio["chip_a"]}


@pytest.mark.parametrize("board", BOARDS)
def test_inputs_without_a_pull_up_have_a_resistor(board):
    pins = load_pins(board)
    bare = NO_PULL.get(board, set())
    assert set(getattr(pins, "NO_PULL", ())) == bare
    for function, gpio, _, note in pins.PINS:
        assert gpio not in bare or function in ("terminal_cover", "magnet")
        assert gpio not in bare or "10 kOhm to 3V3" in note


@pytest.mark.parametrize("board", [b for b in BOARDS if b.startswith("rp2")])
def test_the_peripherals_reach_their_pins(board):
    pins = load_pins(board)
    gpio = {row[0]: row[1] for row in pins.PINS}
    number = {"rs485": pins.UART, "i2c": pins.I2C}
    for function, reached in RP2040.items():
        assert gpio[function] in reached[number[function.partition("_")[0]]], function
    assert pins.CHIP_UART != pins.UART
    assert gpio["chip_a"] in RP2040["rs485_tx"][pins.CHIP_UART]
    assert gpio["chip_b"] in RP2040["rs485_rx"][pins.CHIP_UART]
    for function, reached in RP2040_SPI.items():
        assert gpio[function] in reached[pins.CHIP_SPI], function
