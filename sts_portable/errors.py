"""Errors of this package. A refused token is a result code (results.py), not an exception."""


class StsError(ValueError):
    """Base class of the errors of this package. The text is one sentence."""


class FormatError(StsError):
    """The text or the bytes do not have the required form."""


class RangeError(StsError):
    """A quantity is outside the range of its field."""


class KeyExpiredError(StsError):
    """The TID is beyond the key expiry number, so no token may be made with this key."""
