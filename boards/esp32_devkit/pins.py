"""ESP32-DevKitC: the wiring. board.py, the drawings and diagram.json come from this table.

Left out: 6 to 11 (the flash), 1 and 3 (the console), 0 and 12 (they decide how the chip starts),
36 and 39 (disturbed while the radio works). 34 and 35 are inputs without a pull-up inside. 2 must
be low or open while MicroPython itself is flashed. 14 and 15 move for a moment at the start:
nothing there minds. No pin is left for buzzer and LED. For want of pins a metering chip on a UART
sends to the pulse input, and there is no SPI and no second counter.
"""

NAME = "esp32_devkit"
UART = 2
I2C = 0
CHIP_UART = 1
NO_PULL = (34, 35)

# function, GPIO, where it is on the board, note
PINS = (
    ("key_r1", 32, "32", "keys 1 2 3"),
    ("key_r2", 33, "33", "keys 4 5 6"),
    ("key_r3", 25, "25", "keys 7 8 9"),
    ("key_r4", 26, "26", "keys * 0 #"),
    ("key_c1", 27, "27", "keys 1 4 7 *"),
    ("key_c2", 14, "14", "keys 2 5 8 0"),
    ("key_c3", 13, "13", "keys 3 6 9 #"),
    ("pulse", 23, "23", "S0+ of the energy meter; S0- to ground"),
    ("i2c_scl", 22, "22", "I2C0; 4.7 kOhm to 3V3, once for the whole bus"),
    ("i2c_sda", 21, "21", "I2C0; 4.7 kOhm to 3V3, once for the whole bus"),
    ("relay_open", 19, "19", "10 kOhm to ground: coil off while the board starts"),
    ("relay_close", 18, "18", "10 kOhm to ground: coil off while the board starts"),
    ("cover", 5, "5", "switch to ground, closed while the cover is"),
    (
        "terminal_cover",
        35,
        "35",
        "optional; 10 kOhm to 3V3; switch to ground, closed with the cover",
    ),
    ("magnet", 34, "34", "optional; 10 kOhm to 3V3; Hall or reed switch to ground"),
    ("chip_a", 2, "2", "metering chip: UART1 TX; RX is at 23. Unplug to flash MicroPython"),
    ("rs485_tx", 17, "17", "UART2 TX; a WROVER module keeps 16 and 17 for itself"),
    ("rs485_rx", 16, "16", "UART2 RX; a WROVER module keeps 16 and 17 for itself"),
    ("rs485_de", 4, "4", "10 kOhm to ground: receive while the board starts"),
    ("relay_sense", 15, "15", "optional; pulled down while the load side is live"),
)
