"""Encryption of a station's secrets with a passphrase, for its backup."""

import base64
import json
from typing import Any

from tjugo import encryption
from tjugo.errors import TjugoError


def seal(files: dict[str, bytes], passphrase: str, kdf: dict[str, Any], head: bytes) -> bytes:
    """Return nonce, tag and the encrypted files; head is authenticated with them."""
    if not passphrase:
        raise TjugoError("A backup needs a passphrase.", 2)
    content = {name: base64.b64encode(data).decode() for name, data in files.items()}
    key = encryption.derive(passphrase, kdf)
    return encryption.encrypt(key, json.dumps(content).encode(), head)


def unseal(
    sealed: bytes, passphrase: str, kdf: dict[str, Any], head: bytes
) -> dict[str, bytes] | None:
    """Return {file name: content}; None for a wrong passphrase or changed bytes."""
    try:
        content = encryption.decrypt(encryption.derive(passphrase, kdf), sealed, head)
    except ValueError:
        return None
    if content is None:
        return None
    return {name: base64.b64decode(text) for name, text in json.loads(content).items()}
