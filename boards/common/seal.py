"""The console of a sealed meter: an interrupt (Ctrl-C) reaches it only while the cover is open.

Without the interrupt nobody gets a prompt, and so neither the key nor the settings. To open the
cover breaks the meter's seal; it is an event and, where `tamper_detects` has it, tampering.
"""

import micropython

from meterbus import codes

_CTRL_C = 3
_NONE = -1


class Seal:
    """tamper(): bits of codes.TAMPER, as board.tamper.read. At the start no interrupt is on."""

    def __init__(self, tamper):
        self._tamper = tamper
        self._open = False

    def elapsed(self, _ms):
        """Switch the interrupt on or off if the cover was moved."""
        is_open = bool(self._tamper() & codes.METER_COVER)
        if is_open != self._open:
            self._open = is_open
            micropython.kbd_intr(_CTRL_C if is_open else _NONE)
