"""The key that encrypts the secrets of second factors and webhooks, in a file of the station."""

from pathlib import Path

from tjugo.errors import Unavailable

_BYTES = 32


def parse(content: bytes, path: Path) -> bytes:
    """Return the key in the content of its file: 64 hex digits. Raise Unavailable, whose text
    does not contain it."""
    try:
        key = bytes.fromhex(content.decode().strip())
    except ValueError:
        raise Unavailable(f"The key file {path} cannot be read: it is damaged.") from None
    if len(key) != _BYTES:
        raise Unavailable(f"The key file {path} is damaged.")
    return key
