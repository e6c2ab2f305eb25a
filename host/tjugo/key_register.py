"""The key register: the inputs of a decoder key, as fields with one set of defaults.

A meter and a vending key each have one. The fields are one table, which the station, the API, the
commands, batches and the token lab read. A number may be given as a number or as text (4, "4",
"04"), and is kept in one form.

KEN has one authority: the vending key's register. It determines until when a key may be used. A
meter's register records what was put into that meter: the vending key's KEN of that day or a lower
one, never a higher one. A sale obeys both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sts_portable import pan
from tjugo import foreign_json
from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.private_file import others_may_read


class Field(NamedTuple):
    """A field: its name, its legal values, its default, the number of digits it is written with,
    and whether it is kept as text of that many digits."""

    title: str
    allowed: range | tuple[int, ...]
    default: int
    digits: int = 1
    text: bool = False


FIELDS = {
    "sgc": Field("supply group code", range(1_000_000), 123457, 6),
    "krn": Field("key revision number", range(1, 10), 1),
    "kt": Field("key type: 0 DITK, 1 DDTK, 2 DUTK, 3 DCTK", range(4), 2),
    "ti": Field("tariff index", range(100), 1, 2),
    "ken": Field("key expiry number; 255 never expires", range(256), 255),
    "bdt": Field("base date of the TID", (93, 14, 35), 14, 2, text=True),
    "ea": Field("encryption algorithm: 07 STA, 09 DEA, 11 MISTY1", (7, 9, 11), 7, 2),
    "dkga": Field("decoder key generation algorithm", (1, 2, 3, 4), 4, 2, text=True),
}
"""The register (IEC 62055-41). The defaults are those of the sample vending key."""


def sentence(name: str) -> str:
    """Return the legal values of a field as a sentence."""
    field = FIELDS[name]
    if isinstance(field.allowed, range):
        return f"{name.upper()} must be {field.allowed[0]} to {field.allowed[-1]}."
    *most, last = (f"{number:0{field.digits}d}" for number in field.allowed)
    return f"{name.upper()} must be {', '.join(most)} or {last}."


def value(name: str, given: Any) -> Any:
    """Return a field's value in its one form, from a number or its digits. Raise TjugoError."""
    field = FIELDS[name]
    number = given
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,6}", given.strip(), re.A):
        number = int(given)
    if type(number) is not int or number not in field.allowed:
        raise reason("key_register_invalid", sentence(name))
    return f"{number:0{field.digits}d}" if field.text else number


def written(name: str, number: Any) -> str:
    """Return a field as it is written: with its leading zeros."""
    return f"{int(number):0{FIELDS[name].digits}d}"


@dataclass(frozen=True, kw_only=True)
class VendingRegister:
    """The part of a key register that a vending key has. Raise TjugoError for illegal values,
    however they are given."""

    sgc: int = FIELDS["sgc"].default
    krn: int = FIELDS["krn"].default
    kt: int = FIELDS["kt"].default
    ken: int = FIELDS["ken"].default
    bdt: str = f"{FIELDS['bdt'].default}"
    dkga: str = f"{FIELDS['dkga'].default:02d}"

    def __post_init__(self) -> None:
        for name in FIELDS:
            if hasattr(self, name):
                object.__setattr__(self, name, value(name, getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class KeyRegister(VendingRegister):
    """A meter's key register: SGC, KRN, KT, TI, KEN, BDT, EA, DKGA."""

    ti: int = FIELDS["ti"].default
    ea: int = FIELDS["ea"].default

    def register(self) -> dict[str, Any]:
        """Return the register alone, by field."""
        return {name: getattr(self, name) for name in FIELDS}


def given_fields(source: Any) -> dict[str, Any]:
    """Return the register's fields that an object or a mapping gives, without those that are
    None."""
    get = source.get if isinstance(source, Mapping) else lambda name: getattr(source, name, None)
    return {name: get(name) for name in FIELDS if get(name) is not None}


@dataclass(frozen=True)
class MeterConfig(KeyRegister):
    """A meter and its key register. tct 1 is a magnetic card, 2 numeric entry."""

    drn: str
    tct: int = 2

    @property
    def pan(self) -> str:
        """The 18-digit MeterPAN."""
        return pan.pan_from_drn(self.drn)


@dataclass(frozen=True, kw_only=True)
class VendingKey(VendingRegister):
    """A register of the key file. vk in hex; sample: published, or made for trials."""

    vk: str
    sample: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the key in the form of the key file."""
        names = ("sgc", "kt", "krn", "ken", "bdt", "dkga", "vk", "sample")
        return {name: getattr(self, name) for name in names} | {"sgc": written("sgc", self.sgc)}


def load_keys(path: Path) -> list[VendingKey]:
    """Return the vending keys in a file. Raise Unavailable if missing, invalid or not private."""
    try:
        with path.open(encoding="utf-8") as file:
            shared = others_may_read(file)
            content = foreign_json.loads(file.read())
        keys = [VendingKey(**fields) for fields in content["keys"]]
        for key in keys:
            bytes.fromhex(key.vk)
    except FileNotFoundError as error:
        raise Unavailable(f"The vending key file {path} is missing.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, TjugoError):
        # `from None`: the text of the error may quote key material.
        raise Unavailable(f"{path} is not a vending key file.") from None
    if shared:
        raise Unavailable(f"Others may read the vending keys: run `chmod 600 {path}`.")
    return keys
