"""The signature of a message, in the form of Standard Webhooks 1.0: HMAC-SHA256 over id, time and
body."""

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
LEAST, MOST = 24, 64  # bytes of a secret, of the specification


def new_secret() -> str:
    """Return a new secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_secret(text: str) -> bool:
    """Return whether a text is a secret of the right form and length."""
    try:
        key = _key(text)
    except (ValueError, binascii.Error):
        return False
    return text.startswith(PREFIX) and LEAST <= len(key) <= MOST


def headers(secret: str, message: str, unix_s: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message. unix_s: when it is sent."""
    signed = f"{message}.{unix_s}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(unix_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
