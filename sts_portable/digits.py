"""Digits as entered by a person: the only place where white space and hyphens are removed."""


def plain(text: "str | bytes | bytearray | memoryview") -> bytes:
    """Return the decimal digits of a text without white space and hyphens.

    Return b"" if the text contains anything but the ten ASCII digits, white space and hyphens, and
    for what is no text, such as an integer, which has no leading zeros.
    """
    if isinstance(text, int):
        return b""
    if isinstance(text, str):
        try:
            text = text.encode()
        except ValueError:  # half of a surrogate pair
            return b""
    try:
        raw = bytes(text)
    except TypeError:
        return b""
    if not raw.isdigit():
        raw = b"".join(raw.replace(b"-", b"").split())
    return raw if raw.isdigit() else b""
