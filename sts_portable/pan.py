"""DRN and MeterPAN: the meter's printed number and its 18-digit identity."""

from .digits import plain
from .errors import StsError

IIN_2_DIGIT = "600727"  # DRN of 11 digits: 2-digit manufacturer code
IIN_4_DIGIT = "0000"  # DRN of 13 digits: 4-digit manufacturer code


class PanError(StsError):
    """A DRN or MeterPAN is invalid."""


def luhn(digits: str) -> int:
    """Return the Luhn mod-10 check digit of a string of decimal digits as an integer."""
    total = 0
    double = True
    for i in range(len(digits) - 1, -1, -1):
        value = ord(digits[i]) - 48
        if double:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
        double = not double
    return -total % 10


def _closed(digits):
    return luhn(digits[:-1]) == ord(digits[-1]) - 48


def _digits(text, what):
    """Return the digits of `text` without white space and hyphens. Raise PanError if none."""
    found = plain(text).decode()
    if not found:
        raise PanError("%s has only decimal digits, not %r" % (what, text))
    return found


def normal(drn: str) -> str:
    """Return the DRN at full length: a DRN with fewer than 11 digits is padded with zeros.

    White space and hyphens are ignored. Raise PanError if the DRN does not have 11 or 13 decimal
    digits or its check digit is wrong. The error does not give the correct check digit: usually
    another digit is mistyped, and the resulting number would be that of another meter.
    """
    found = _digits(drn, "a meter number (DRN)")
    full = "0" * (11 - len(found)) + found
    if len(full) not in (11, 13):
        text = "a meter number (DRN) has 11 or 13 digits, '%s' has %d"
        raise PanError(text % (drn, len(found)))
    if not _closed(full):
        raise PanError("meter number %s has a wrong check digit: compare all its digits" % full)
    return full


def drn_valid(drn: str) -> bool:
    """Return whether the text is 11 or 13 digits with a correct check digit and nothing else."""
    return len(drn) in (11, 13) and plain(drn).decode() == drn and _closed(drn)


def with_check(payload: str) -> str:
    """Return manufacturer code and serial number (10 or 12 digits) with the check digit."""
    found = _digits(payload, "a manufacturer code and serial number")
    if len(found) not in (10, 12):
        text = "a manufacturer code and serial number have 10 or 12 digits together, '%s' has %d"
        raise PanError(text % (payload, len(found)))
    return found + str(luhn(found))


def pan_from_drn(drn: str) -> str:
    """Return the 18-digit MeterPAN of a DRN. Raise PanError if the DRN is invalid."""
    drn = normal(drn)
    body = (IIN_2_DIGIT if len(drn) == 11 else IIN_4_DIGIT) + drn
    return body + str(luhn(body))


def drn_from_pan(pan: str) -> str:
    """Return the DRN inside a MeterPAN. Raise PanError for a wrong length, IIN or check digit.

    White space and hyphens are ignored.
    """
    found = plain(pan).decode()
    if len(found) != 18:
        raise PanError("a MeterPAN has 18 decimal digits, not %r" % (pan,))
    pan = found
    if not _closed(pan):
        raise PanError("MeterPAN %s has a wrong check digit" % pan)
    if pan.startswith(IIN_2_DIGIT):
        return normal(pan[6:17])
    if pan.startswith(IIN_4_DIGIT):
        return normal(pan[4:17])
    raise PanError("MeterPAN %s begins with neither 600727 nor 0000" % pan)
