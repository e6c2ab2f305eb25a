"""DRN and MeterPAN: the meter's printed number and its 18-digit identity."""

from .errors import StsError

IIN_2_DIGIT = "600727"  # DRN of 11 digits: 2-digit manufacturer code
IIN_4_DIGIT = "0000"  # DRN of 13 digits: 4-digit manufacturer code


class PanError(StsError):
    """A DRN or MeterPAN that cannot be one."""


def luhn(digits):
    """The Luhn mod-10 check digit (an int) of a string of decimal digits."""
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


def _is_digits(text):
    return bool(text) and text.encode().isdigit()


def normal(drn):
    """The DRN at full length: fewer than 11 digits as printed get leading zeros.

    Raises PanError when it is not 11 or 13 decimal digits or its check digit is wrong.
    """
    if not _is_digits(drn):
        raise PanError("a meter number (DRN) has only decimal digits, not '%s'" % drn)
    full = "0" * (11 - len(drn)) + drn
    if len(full) not in (11, 13):
        raise PanError("a meter number (DRN) has 11 or 13 digits, '%s' has %d" % (drn, len(drn)))
    if not _closed(full):
        # Which digit would be right is left out: another digit may be the one that is mistyped.
        raise PanError("meter number %s has a wrong check digit: compare all its digits" % full)
    return full


def drn_valid(drn):
    """Whether the text is a DRN: 11 or 13 digits with a correct last one."""
    return len(drn) in (11, 13) and _is_digits(drn) and _closed(drn)


def with_check(payload):
    """Append the check digit to the manufacturer code and serial number (10 or 12 digits)."""
    if len(payload) not in (10, 12) or not _is_digits(payload):
        raise PanError("a manufacturer code and serial number have 10 or 12 digits together")
    return payload + str(luhn(payload))


def pan_from_drn(drn):
    """The 18-digit MeterPAN of a DRN; PanError with the reason when the DRN is wrong."""
    drn = normal(drn)
    body = (IIN_2_DIGIT if len(drn) == 11 else IIN_4_DIGIT) + drn
    return body + str(luhn(body))


def drn_from_pan(pan):
    """The DRN inside a MeterPAN; PanError when length, IIN or a check digit is wrong."""
    if len(pan) != 18 or not _is_digits(pan):
        raise PanError("a MeterPAN has 18 decimal digits, not '%s'" % pan)
    if not _closed(pan):
        raise PanError("MeterPAN %s has a wrong check digit" % pan)
    if pan.startswith(IIN_2_DIGIT):
        return normal(pan[6:17])
    if pan.startswith(IIN_4_DIGIT):
        return normal(pan[4:17])
    raise PanError("MeterPAN %s begins with neither 600727 nor 0000" % pan)
