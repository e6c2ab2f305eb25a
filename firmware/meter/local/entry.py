"""A token from the local network: entered as at the key pad, and at most one in a while."""

from sts_portable import results

from ..face.entry import TOKEN_DIGITS

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_PAUSE_MS = const(1000)  # decryption takes the processor: not more often, whoever asks
_BETWEEN = " -"


def digits_of(text):
    """Return the 20 digits in a text with spaces or hyphens, "" if it is anything else."""
    digits = ""
    for char in text:
        if char in _BETWEEN:
            continue
        if not "0" <= char <= "9" or len(digits) == TOKEN_DIGITS:
            return ""
        digits += char
    return digits if len(digits) == TOKEN_DIGITS else ""


class TokenEntry:
    """The entry of one part of the local network. result: (label, text) of the last token.

    put() takes a token, work() enters it: nothing that a part of the network catches may end an
    entry half-way.
    """

    def __init__(self, meter):
        self._meter = meter
        self._digits = ""
        self._wait_ms = 0
        self.result = ("", "")

    def tick(self, ms):
        """Let real time pass."""
        self._wait_ms = max(0, self._wait_ms - ms)

    def busy(self):
        """Return whether the next token has to wait."""
        return bool(self._digits) or self._wait_ms > 0

    def put(self, text):
        """Take a token. What is not 20 digits goes no further, and is no wrong token."""
        self._digits = digits_of(text)
        if not self._digits:
            words = self._meter.words
            self.result = words.text("Not a token"), words.text("20 digits")

    def work(self):
        """Enter the token that waits; its result is in the customer's language."""
        if not self._digits:
            return
        digits, self._digits = self._digits, ""
        self._wait_ms = _PAUSE_MS
        meter = self._meter
        if meter.enter_token(digits) == results.NONE:
            meter.panel.show("Token not taken", meter.supply.text())
        self.result = meter.panel.texts()
