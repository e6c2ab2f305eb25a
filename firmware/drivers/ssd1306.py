"""SSD1306 graphic display, 128x64 or 128x32, on I2C. Solomon Systech's data sheet, rev 1.1."""

from .display_oled import Oled


class Ssd1306(Oled):
    """A display; see Oled."""

    # Off; clock; no offset; first line 0; charge pump on; page addressing; turned by 180 degrees;
    # contrast; precharge; deselect level; from memory; not inverted.
    SET_UP = b"\xae\xd5\x80\xd3\x00\x40\x8d\x14\x20\x02\xa1\xc8\x81\x7f\xd9\xf1\xdb\x40\xa4\xa6"
