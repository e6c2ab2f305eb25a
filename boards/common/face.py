"""Display and keys of a real board by its settings; only the drivers that are used are imported.

display: hd44780 (16x2, the default), hd44780_20x4, ssd1306 (128x64), ssd1306_32 (128x32), sh1106,
tm1637. display_address: another I2C address than the driver's. tm1637_pins: GPIO of CLK and DIO.
keypad: "buttons" for one or two buttons instead, at the pins of the first two columns.
"""

OLEDS = ("ssd1306", "ssd1306_32", "sh1106")
_OLED_ADDRESSES = (0x3C, 0x3D)
_ROWS = ("key_r1", "key_r2", "key_r3", "key_r4")
_COLUMNS = ("key_c1", "key_c2", "key_c3")


def make_display(settings, part, sleep_ms, pin):
    """Return the display. part: Hardware.part. pin: machine.Pin.

    A setting that cannot be used is as hd44780, which does without a display.
    """
    name = settings.get("display")
    wires = settings.get("tm1637_pins")
    address = settings.get("display_address")
    if name == "tm1637" and isinstance(wires, list) and len(wires) == 2:
        from drivers.tm1637 import Tm1637

        return Tm1637(*[pin(gpio, pin.OPEN_DRAIN, value=1) for gpio in wires])
    if name in OLEDS:
        address = address if address in _OLED_ADDRESSES else _OLED_ADDRESSES[0]
        if name == "sh1106":
            from drivers.sh1106 import Sh1106

            return Sh1106(part("i2c"), address)
        from drivers.ssd1306 import Ssd1306

        return Ssd1306(part("i2c"), address, 32 if name == "ssd1306_32" else 64)
    from drivers.hd44780_pcf8574 import ADDRESS, Hd44780

    size = (20, 4) if name == "hd44780_20x4" else (16, 2)
    return Hd44780(part("i2c"), sleep_ms, ADDRESS if address is None else address, *size)


def make_keypad(settings, row, column):
    """Return the key pad, or the buttons. row, column: functions that return the pin of a name."""
    if settings.get("keypad") == "buttons":
        from drivers.buttons import Buttons

        return Buttons([column(name) for name in _COLUMNS[:2]])
    from drivers.keypad_matrix import KeypadMatrix

    return KeypadMatrix([row(name) for name in _ROWS], [column(name) for name in _COLUMNS])
