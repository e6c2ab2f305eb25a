"""The vending key file, plain or sealed: reading it, and the secret that opens a sealed one."""

import os
import secrets as random
from dataclasses import dataclass
from pathlib import Path

from tjugo import foreign_json, sealed_keys
from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.key_register import RegisteredKey, VendingKey
from tjugo.private_file import create_private, others_may_read
from tjugo.sealed_keys import Sealed, Secret

LOCKED = (
    "The vending keys are locked, so no token can be made. Ask a supervisor to unlock them, "
    "then try again: nothing was sold."
)
LOCKED_BY_FILE = (
    "The vending keys are locked, so no token can be made: nothing was sold. Only their key file "
    "opens them, at a start of the station: ask an administrator to start it with the key file."
)
CREDENTIAL = "tjugo.keys"
_SECRET_BYTES = 32


@dataclass(frozen=True)
class KeyFile:
    """A key file: its registers, and either its keys or its sealed form."""

    registers: tuple[RegisteredKey, ...]
    keys: tuple[VendingKey, ...] | None
    sealed: Sealed | None


def read(path: Path) -> KeyFile:
    """Return the content of a key file. Raise Unavailable if it is missing, invalid or not
    private, or of a newer version."""
    try:
        with path.open("rb") as file:
            shared = others_may_read(file)
            content = file.read()
    except FileNotFoundError as error:
        raise Unavailable(f"The vending key file {path} is missing.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
    found = parse(content, path)
    if shared:
        raise Unavailable(f"Others may read the vending keys: run `chmod 600 {path}`.")
    return found


def parse(content: bytes, path: Path) -> KeyFile:
    """Return what the content of a key file has. Raise Unavailable if it is invalid, or of a
    newer version; path: how the sentence names it."""
    try:
        return _parse(foreign_json.loads(content.decode()), path)
    except Unavailable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, TjugoError):
        # `from None`: the text of the error may quote key material.
        raise Unavailable(f"{path} is not a vending key file, or it is damaged.") from None


def _parse(content: object, path: Path) -> KeyFile:
    if not isinstance(content, dict):
        raise ValueError(type(content))
    if "form" not in content:
        keys = tuple(VendingKey(**fields) for fields in content["keys"])
        return KeyFile(tuple(key.registered() for key in keys), keys, None)
    if content["form"] != sealed_keys.FORM:
        raise ValueError(content["form"])
    if type(content["version"]) is int and content["version"] > sealed_keys.VERSION:
        raise Unavailable(f"{path} was made by a newer version of Tjugo. Install that version.")
    if content["version"] != sealed_keys.VERSION:
        raise ValueError(content["version"])
    sealed = sealed_keys.parse(content)
    return KeyFile(sealed.registers, None, sealed)


def locked(sealed: Sealed | None) -> TjugoError:
    """Return the refusal (`keys_locked`) of what needs the keys, with who can unlock them."""
    by_person = sealed is None or sealed_keys.PASSPHRASE in sealed.kinds
    return reason("keys_locked", LOCKED if by_person else LOCKED_BY_FILE)


def load_keys(path: Path, secret: Secret | None = None) -> list[VendingKey]:
    """Return the vending keys in a file. secret: of a sealed one. Raise Unavailable, with code
    keys_locked where the secret is missing or wrong."""
    found = read(path)
    if found.sealed is None:
        return list(found.keys or ())
    data_key = None if secret is None else found.sealed.data_key(secret)
    keys = None if data_key is None else found.sealed.open(data_key)
    if keys is None:
        if secret is None:
            raise locked(found.sealed)
        raise reason("keys_locked", f"That secret does not open {path}.")
    return keys


def read_secret_file(path: Path, private: bool = True) -> bytes:
    """Return the secret in a key file that unlocks the vending keys: 64 hex digits.

    private: raise TjugoError if other users may read it. Raise TjugoError.
    """
    try:
        with path.open("rb") as file:
            shared = private and others_may_read(file)
            content = file.read(200)
    except OSError as error:
        raise TjugoError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if shared:
        raise TjugoError(f"Others may read the key file: run `chmod 600 {path}`.")
    try:
        secret = bytes.fromhex(content.decode().strip())
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        # The content is a secret: the sentence does not repeat it.
        raise TjugoError(f"{path} is not a key file: it has 64 hex digits and nothing else.")
    return secret


def create_secret_file(path: Path) -> bytes:
    """Write a new random key file, mode 0600, unless it exists; return its secret."""
    create_private(path, random.token_hex(_SECRET_BYTES) + "\n")
    return read_secret_file(path)


def secret_of_service() -> bytes | None:
    """Return the secret of unattended service: of the file $TJUGO_KEY_FILE, or of the systemd
    credential `tjugo.keys`; None where neither is given. Raise TjugoError."""
    named = os.environ.get("TJUGO_KEY_FILE")
    if named:
        return read_secret_file(Path(named))
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / CREDENTIAL if folder else None
    # systemd protects the folder; the modes of the files in it are those of its own access list.
    return read_secret_file(path, private=False) if path and path.is_file() else None
