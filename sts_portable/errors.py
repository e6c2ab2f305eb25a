"""Errors of this package. A refused token is a result code (results.py), not an exception."""


class StsError(ValueError):
    """Base of every error here; its text is one plain sentence."""


class FormatError(StsError):
    """The text or the bytes do not have the required form."""


class RangeError(StsError):
    """A quantity is outside what its field can carry."""


class KeyExpiredError(StsError):
    """The TID lies beyond the key's KEN, so no token may be made with this key."""
