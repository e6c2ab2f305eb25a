"""ESP32-S3-DevKitC-1: the wiring. board.py, the drawings and diagram.json come from this table.

Left out: 35 to 37 (memory on some modules), 19 and 20 (USB), 43 and 44 (the console), 0, 3, 45 and
46 (they decide how the chip starts). 48 and 38 also go to the lamp of the first and of later
boards, which only receives: each takes a switch, and nothing that the board drives.
"""

NAME = "esp32s3_devkit"
UART = 1
I2C = 0
CHIP_UART = 2
CHIP_SPI = 1

# function, GPIO, where it is on the board, note
PINS = (
    ("relay_open", 4, "4", "10 kOhm to ground: coil off while the board starts"),
    ("relay_close", 5, "5", "10 kOhm to ground: coil off while the board starts"),
    ("relay_sense", 6, "6", "optional; pulled down while the load side is live"),
    ("rs485_de", 16, "16", "10 kOhm to ground: receive while the board starts"),
    ("rs485_tx", 17, "17", "UART1 TX"),
    ("rs485_rx", 18, "18", "UART1 RX"),
    ("i2c_sda", 8, "8", "I2C0; 4.7 kOhm to 3V3, once for the whole bus"),
    ("i2c_scl", 9, "9", "I2C0; 4.7 kOhm to 3V3, once for the whole bus"),
    ("buzzer", 14, "14", "optional; through a transistor or ULN2003A"),
    ("led", 15, "15", "optional; 1 kOhm and a LED to ground"),
    ("key_r1", 1, "1", "keys 1 2 3"),
    ("key_r2", 2, "2", "keys 4 5 6"),
    ("key_r3", 42, "42", "keys 7 8 9"),
    ("key_r4", 41, "41", "keys * 0 #"),
    ("key_c1", 40, "40", "keys 1 4 7 *"),
    ("key_c2", 39, "39", "keys 2 5 8 0"),
    ("key_c3", 38, "38", "keys 3 6 9 #"),
    ("cover", 21, "21", "switch to ground, closed while the cover is"),
    ("terminal_cover", 48, "48", "optional; switch to ground, closed while the cover is"),
    ("magnet", 47, "47", "optional; Hall or reed switch to ground"),
    ("pulse", 7, "7", "S0+ of the energy meter; S0- to ground"),
    ("chip_a", 10, "10", "metering chip: UART2 TX, or MISO, or SEL"),
    ("chip_b", 11, "11", "metering chip: UART2 RX, or chip select, or CF"),
    ("chip_c", 12, "12", "metering chip: SCK, or CF1"),
    ("chip_d", 13, "13", "metering chip: MOSI"),
)
