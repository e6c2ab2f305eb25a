"""Raspberry Pi Pico W: the wiring. board.py, the drawings and diagram.json use this table."""

NAME = "rp2040_pico_w"
UART = 1
I2C = 0
CHIP_UART = 0
CHIP_SPI = 0

# function, GPIO, where it is on the board, note
PINS = (
    ("rs485_tx", 4, "GP4, pin 6", "UART1 TX"),
    ("rs485_rx", 5, "GP5, pin 7", "UART1 RX"),
    ("rs485_de", 6, "GP6, pin 9", "10 kOhm to ground: receive while the board starts"),
    ("i2c_sda", 8, "GP8, pin 11", "I2C0; 4.7 kOhm to 3V3, once for the whole bus"),
    ("i2c_scl", 9, "GP9, pin 12", "I2C0; 4.7 kOhm to 3V3, once for the whole bus"),
    ("relay_open", 10, "GP10, pin 14", "10 kOhm to ground: coil off while the board starts"),
    ("relay_close", 11, "GP11, pin 15", "10 kOhm to ground: coil off while the board starts"),
    ("relay_sense", 12, "GP12, pin 16", "optional; pulled down while the load side is live"),
    ("buzzer", 14, "GP14, pin 19", "optional; through a transistor or ULN2003A"),
    ("led", 15, "GP15, pin 20", "optional; 1 kOhm and a LED to ground"),
    ("key_r1", 16, "GP16, pin 21", "keys 1 2 3"),
    ("key_r2", 17, "GP17, pin 22", "keys 4 5 6"),
    ("key_r3", 18, "GP18, pin 24", "keys 7 8 9"),
    ("key_r4", 19, "GP19, pin 25", "keys * 0 #"),
    ("key_c1", 20, "GP20, pin 26", "keys 1 4 7 *"),
    ("key_c2", 21, "GP21, pin 27", "keys 2 5 8 0"),
    ("key_c3", 22, "GP22, pin 29", "keys 3 6 9 #"),
    ("cover", 26, "GP26, pin 31", "switch to ground, closed while the cover is"),
    (
        "terminal_cover",
        28,
        "GP28, pin 34",
        "optional; switch to ground, closed while the cover is",
    ),
    ("magnet", 13, "GP13, pin 17", "optional; Hall or reed switch to ground"),
    ("pulse", 27, "GP27, pin 32", "S0+ of the energy meter; S0- to ground"),
    ("chip_a", 0, "GP0, pin 1", "metering chip: UART0 TX, or MISO, or SEL"),
    ("chip_b", 1, "GP1, pin 2", "metering chip: UART0 RX, or chip select, or CF"),
    ("chip_c", 2, "GP2, pin 4", "metering chip: SCK of SPI0, or CF1"),
    ("chip_d", 3, "GP3, pin 5", "metering chip: MOSI of SPI0"),
)
