"""The last ten tokens with their results, as they were entered."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_TOKENS = const(10)
_DIGITS = const(20)
_ENTRY = const(11)  # ten pairs of digits, one a byte, and the result
_FIRST_CODE = const(301)


class History:
    """A feature: see core.py. The newest token is number 0."""

    def __init__(self, _meter=None):
        self._entries = bytearray(_TOKENS * _ENTRY)
        self._count = 0
        self.records = ((11, 1, self._pack, self._unpack),)

    def entered(self, digits, result, keyed, _keypad):
        """Put a token in front of the others; see core.py. One without a key has no place here,
        and a result that is there already takes no second one: both can be repeated at will."""
        if not keyed or len(digits) != _DIGITS:
            return
        for number in range(self._count):
            if self.entry(number) == (digits, result):
                return
        entries = self._entries
        for at in range((_TOKENS - 1) * _ENTRY - 1, -1, -1):
            entries[at + _ENTRY] = entries[at]
        for pair in range(_DIGITS // 2):
            entries[pair] = int(digits[2 * pair : 2 * pair + 2])
        entries[_DIGITS // 2] = result
        self._count = min(self._count + 1, _TOKENS)

    def entry(self, number):
        """Return (digits, TokenResult) of a token, None if there are not so many."""
        if number >= self._count:
            return None
        at = number * _ENTRY
        digits = "".join(["%02d" % self._entries[at + pair] for pair in range(_DIGITS // 2)])
        return digits, self._entries[at + _ENTRY - 1]

    def _pack(self, buf, at):
        size = self._count * _ENTRY
        buf[at : at + size] = memoryview(self._entries)[:size]
        return size

    def _unpack(self, data, _version):
        size = len(data or b"")
        if size % _ENTRY or size > len(self._entries):
            raise ValueError("last tokens")
        self._count = size // _ENTRY
        self._entries[:size] = data or b""

    def code(self, code):
        """Return (label, text) of the short codes 301 to 310, number, last digits and TokenResult;
        see core.py."""
        number = int(code) - _FIRST_CODE if code.isdigit() else _TOKENS
        if not 0 <= number < _TOKENS:
            return None
        found = self.entry(number)
        return "Token", found and "%d ..%s = %d" % (number + 1, found[0][-4:], found[1])
