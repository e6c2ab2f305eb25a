"""The second factor: time-based codes (RFC 6238), and recovery codes.

The secret is encrypted with a key in a file of the station's folder, so that a copy of the
database alone gives no codes. A code is valid once: the time step of the newest one is kept.
"""

import hashlib
import hmac
import io
import secrets
from pathlib import Path

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from tjugo import people_key
from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.paths import PEOPLE_KEY
from tjugo.private_file import create_private, others_may_read
from tjugo.station.storage.tables import Operator, Webhook
from tjugo.station.work import View

STEP_S = 30
WINDOW = 1  # steps before and after the present one: clocks of telephones are a little off
_NONCE = 12
CODES = 10  # recovery codes at a time
_CODE_BYTES = 10  # 80 bits, 16 characters of base32


class NotSealedHere(Unavailable):
    """A sealed secret is damaged, of another operator, or was sealed with another key file."""


class Vault:
    """Encrypts secrets of the second factor. folder: the station's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PEOPLE_KEY

    def seal(self, view: View, operator: str, secret: str) -> bytes:
        """Return a secret encrypted for an operator. The key file is made at the first use. Raise
        Unavailable when it is missing although there are secrets: they were sealed with it."""
        if not _used(view):
            create_private(self._path, secrets.token_hex(32) + "\n")
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self._key()).encrypt(nonce, secret.encode(), operator.encode())

    def open(self, operator: str, sealed: bytes) -> str:
        """Return the secret. Raise Unavailable when the key file is missing; NotSealedHere when it
        is of another station, or `sealed` is not what it made for the operator."""
        try:
            text = AESGCM(self._key()).decrypt(sealed[:_NONCE], sealed[_NONCE:], operator.encode())
        except (InvalidTag, ValueError):  # the latter when it is too short for a nonce
            raise NotSealedHere(
                f"The second factor cannot be read with {self._path}: use a recovery code, or let "
                "an administrator reset the second factor."
            ) from None
        return text.decode()

    def _key(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                if others_may_read(file):
                    raise Unavailable(f"Others may read {self._path}: run `chmod 600` on it.")
                return people_key.parse(file.read(), self._path)
        except FileNotFoundError:
            raise Unavailable(
                f"The key file {self._path} is missing: restore it, or copy it from the machine "
                "where it was made; meanwhile use a recovery code. When it is lost, let an "
                "administrator reset all second factors and remove the webhooks."
            ) from None
        except OSError:
            raise Unavailable(f"The key file {self._path} cannot be read.") from None


def _used(view: View) -> bool:
    """Return whether there is a secret of an operator or a webhook."""
    factors = select(Operator.operator).where(
        Operator.tenant_id == view.tenant_id, Operator.totp.is_not(None)
    )
    hooks = select(Webhook.hook).where(Webhook.tenant_id == view.tenant_id)
    return any(view.session.scalars(query.limit(1)).first() for query in (factors, hooks))


def new_secret() -> str:
    """Return a new secret, base32."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, unix_s: int, used: int | None) -> int | None:
    """Return the time step of a valid code, None for a wrong one. used: the step of the newest
    code used before; codes up to it are not valid again."""
    now, totp = unix_s // STEP_S, pyotp.TOTP(secret, interval=STEP_S)
    found = None
    for step in range(now - WINDOW, now + WINDOW + 1):
        same = hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
        if same and (used is None or step > used):
            found = step
    return found


def enrolment(secret: str, operator: str, utility: str) -> tuple[str, str]:
    """Return the URI that an authenticator reads, and its QR code as SVG."""
    uri = pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=operator, issuer_name=utility)
    image = io.BytesIO()
    segno.make(uri, error="m").save(image, kind="svg", scale=5, xmldecl=False, svgclass="qr")
    return uri, image.getvalue().decode()


def new_codes() -> list[str]:
    """Return recovery codes, such as `abcd-efgh-2345-wxyz`."""
    return [_code() for _ in range(CODES)]


def _code() -> str:
    text = pyotp.random_base32(32)[: _CODE_BYTES * 8 // 5].lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def code_hash(code: str) -> str:
    """Return the hash of a recovery code as it is kept: it is random, and needs no slow hash."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    return hashlib.sha256(f"tjugo recovery {plain}".encode()).hexdigest()


def is_code(text: str) -> bool:
    """Return whether a text has the form of a time-based code."""
    return len(text) == 6 and text.isascii() and text.isdecimal()


def wrong_code() -> TjugoError:
    """Return the error of a code that is wrong, or was used."""
    return reason(
        "code_wrong", "This code is wrong, or it was used before: wait for the next one."
    )
