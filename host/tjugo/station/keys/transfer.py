"""Key files by which vending keys are brought to a station by two people.

Each key is encrypted under a transport key, which is the sum (XOR) of two components of 32 bytes.
Each of two people has one, and neither can read the file alone. The form is in docs/keys.md.
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from Crypto.Cipher import AES
from Crypto.Hash import CMAC

from tjugo import encryption, foreign_json
from tjugo.errors import TjugoError, reason
from tjugo.key_register import RegisteredKey, VendingKey

FORM, VERSION = "tjugo-key-transfer", 1
PEOPLE = 2
_HEX = re.compile(r"[0-9a-f]{64}", re.A)
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Transfer:
    """A key file. components: the check values of the two components. keys: the public parts,
    each with its check value, and the encrypted keys."""

    source: str
    made_at: str
    components: tuple[str, ...]
    keys: tuple[tuple[RegisteredKey, bytes], ...]

    def open(self, components: Sequence[bytes]) -> list[VendingKey]:
        """Return the vending keys. Raise TjugoError when the components are not those of the file,
        or it was changed."""
        key = _transport_key(components)
        found = []
        for register, hidden in self.keys:
            vk = encryption.decrypt(key, hidden, _head(self, register))
            if vk is None:
                raise _invalid("The file was changed, or the components are those of another one.")
            public = register.public() | {"kcv": register.kcv}
            found.append(VendingKey(**public, vk=vk.hex()))
        return found


def new_component() -> bytes:
    """Return a random component."""
    return secrets.token_bytes(encryption.KEY_BYTES)


def component(text: str, check: str) -> bytes:
    """Return a component as it was typed: 64 hex digits, spaces and hyphens allowed. Raise
    TjugoError when its check value is not `check`."""
    digits = re.sub(r"[\s-]", "", text).lower()
    if not _HEX.fullmatch(digits):
        raise _invalid("A component has 64 hex digits.")
    found = bytes.fromhex(digits)
    if component_check(found) != check.upper():
        raise _invalid(
            f"The check value of what was typed is {component_check(found)}, that of this "
            f"component is {check.upper()}: it is mistyped, or the other one."
        )
    return found


def component_check(given: bytes) -> str:
    """Return the check value of a component: 6 hex digits, the start of the AES-CMAC of 16 zero
    bytes."""
    mac = CMAC.new(given, ciphermod=AES)
    mac.update(bytes(16))
    return mac.digest()[:3].hex().upper()


def make(
    keys: Sequence[VendingKey], source: str, made_at: datetime, components: Sequence[bytes]
) -> str:
    """Return the text of a file with these keys."""
    checks = tuple(component_check(one) for one in components)
    head = Transfer(source, made_at.strftime("%Y-%m-%dT%H:%M:%SZ"), checks, ())
    key = _transport_key(components)
    rows = []
    for one in keys:
        register = one.registered()
        hidden = encryption.encrypt(key, bytes.fromhex(one.vk), _head(head, register))
        rows.append(register.public() | {"kcv": register.kcv, "encrypted": hidden.hex()})
    return json.dumps({**_header(head), "keys": rows}, indent=2) + "\n"


def read(path: Path) -> Transfer:
    """Return a key file. Raise TjugoError if it is invalid or of a newer version."""
    try:
        with path.open("rb") as file:
            content = foreign_json.loads(file.read(_MOST_BYTES))
        if content["form"] != FORM or type(content["version"]) is not int:
            raise ValueError(FORM)
        if content["version"] > VERSION:
            raise _invalid(f"{path} was made by a newer version of Tjugo. Install that version.")
        return _parse(content)
    except OSError as error:
        raise TjugoError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError):
        raise _invalid(f"{path} is not a key file for import, or it is damaged.") from None


def _parse(content: dict[str, Any]) -> Transfer:
    checks = tuple(content["components"])
    texts = (content["from"], content["made_at"], *checks)
    if len(checks) != PEOPLE or not all(isinstance(one, str) for one in texts):
        raise ValueError(checks)
    keys = []
    for row in content["keys"]:
        public = dict(row)
        hidden = bytes.fromhex(public.pop("encrypted"))
        register = RegisteredKey(**public)
        if len(register.kcv) != 6:
            raise ValueError(register.kcv)
        keys.append((register, hidden))
    if not keys:
        raise ValueError(keys)
    return Transfer(content["from"], content["made_at"], checks, tuple(keys))


def _header(head: Transfer) -> dict[str, Any]:
    return {
        "form": FORM,
        "version": VERSION,
        "from": head.source,
        "made_at": head.made_at,
        "components": list(head.components),
    }


def _head(head: Transfer, register: RegisteredKey) -> bytes:
    """Return what is authenticated with an encrypted key: the header and its public part."""
    public = register.public() | {"kcv": register.kcv}
    return json.dumps([_header(head), public], sort_keys=True).encode()


def _transport_key(components: Sequence[bytes]) -> bytes:
    one, two = components
    return bytes(a ^ b for a, b in zip(one, two, strict=True))


def _invalid(sentence: str) -> TjugoError:
    return reason("key_file_invalid", sentence)
