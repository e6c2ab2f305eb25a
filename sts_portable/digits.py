"""Digits as a person writes them: the one place where spaces and hyphens are taken out."""


def plain(text: "str | bytes | bytearray | memoryview") -> bytes:
    """Return the decimal digits of a text, without white space and hyphens; b"" if it has others.

    Only the ten ASCII digits count. An integer is none: its leading zeros are lost.
    """
    if isinstance(text, int):
        return b""
    if isinstance(text, str):
        try:
            text = text.encode()
        except ValueError:  # half of a surrogate pair
            return b""
    raw = bytes(text)
    if not raw.isdigit():
        raw = b"".join(raw.replace(b"-", b"").split())
    return raw if raw.isdigit() else b""
