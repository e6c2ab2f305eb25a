"""Multiplication by a fraction in small integers, with the remainder kept."""

_MOST = 1 << 28


class Ratio:
    """A factor numerator / denominator, both changeable. Both and every value: below 2^29.

    A fraction with greater parts is replaced by the best one with parts below 2^28; its relative
    error is below 2^-27. Results are whole; a result below 2^30 has no intermediate above it.
    """

    def __init__(self, numerator, denominator):
        """Raise ValueError unless both are positive."""
        if numerator < 1 or denominator < 1:
            raise ValueError("not a positive fraction")
        self.numerator, self.denominator = _small(numerator, denominator)
        self._rest = 0  # of all values added, 0..denominator - 1

    def of(self, value):
        """Return `value` times the factor, rounded down. value: 0 or more."""
        rest = self._rest
        self._rest = 0
        result = self.add(value)
        self._rest = rest
        return result

    def add(self, value):
        """Return what `value` adds to the rounded-down product of all values added so far.

        The factor may change between two calls only if its denominator does not become less.
        """
        numerator = self.numerator
        denominator = self.denominator
        if denominator == 1:
            return value * numerator
        whole = numerator // denominator
        part = numerator - whole * denominator
        bit = 1
        while bit <= value:
            bit <<= 1
        result = rest = 0
        while bit > 1:
            bit >>= 1
            result <<= 1
            rest <<= 1
            if rest >= denominator:
                rest -= denominator
                result += 1
            if value & bit:
                result += whole
                rest += part
                if rest >= denominator:
                    rest -= denominator
                    result += 1
        rest += self._rest
        if rest >= denominator:
            rest -= denominator
            result += 1
        self._rest = rest
        return result


def _small(numerator, denominator):
    """Return the last convergent of the continued fraction with both parts below _MOST."""
    before_n, before_d, last_n, last_d = 0, 1, 1, 0
    while denominator:
        whole = numerator // denominator
        n, d = whole * last_n + before_n, whole * last_d + before_d
        if n >= _MOST or d >= _MOST:
            break
        before_n, before_d, last_n, last_d = last_n, last_d, n, d
        numerator, denominator = denominator, numerator - whole * denominator
    if not last_n or not last_d:
        raise ValueError("a fraction out of range")
    return last_n, last_d
