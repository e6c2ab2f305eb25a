"""SH1106 graphic display, 128x64, on I2C. Sino Wealth's data sheet, V2.3.

Its memory has 132 columns, of which the displays of 128 have those from 2 on.
"""

from .display_oled import Oled


class Sh1106(Oled):
    """A display; see Oled."""

    OFFSET = 2
    # Off; clock; no offset; first line 0; DC-DC on; turned by 180 degrees; contrast; precharge;
    # deselect level; from memory; not inverted.
    SET_UP = b"\xae\xd5\x80\xd3\x00\x40\xad\x8b\xa1\xc8\x81\x7f\xd9\x22\xdb\x35\xa4\xa6"
