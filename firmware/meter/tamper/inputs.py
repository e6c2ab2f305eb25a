"""The cover of the meter."""

from meterbus import codes


class Cover:
    """A feature: see core.py. open: True while the switch reports an open cover."""

    def __init__(self, _meter=None):
        self.open = False

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        return codes.STATUS_COVER_OPEN if self.open else 0
