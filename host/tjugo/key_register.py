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
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, NamedTuple

from sts_portable import dkga as algorithms
from sts_portable import ea, pan
from tjugo.errors import reason

TERMS = ("active_from", "issue_until", "limit_tenths")
"""The terms of a vending key's use that a utility sets."""
MOST_LIMIT = 10**15


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


DDTK = 1
"""The key type of a default key: a meter accepts no credit under it (IEC 62055-41)."""


def sentence(name: str) -> str:
    """Return the legal values of a field as a sentence."""
    row = FIELDS[name]
    if isinstance(row.allowed, range):
        return f"{name.upper()} must be {row.allowed[0]} to {row.allowed[-1]}."
    *most, last = (f"{number:0{row.digits}d}" for number in row.allowed)
    return f"{name.upper()} must be {', '.join(most)} or {last}."


def value(name: str, given: Any) -> Any:
    """Return a field's value in its one form, from a number or its digits. Raise TjugoError."""
    row = FIELDS[name]
    number = given
    if type(given) is int and not row.text and given in row.allowed:
        return given
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,6}", given.strip(), re.A):
        number = int(given)
    if type(number) is not int or number not in row.allowed:
        raise reason("key_register_invalid", sentence(name))
    return f"{number:0{row.digits}d}" if row.text else number


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
        given = vars(self)
        for name in FIELDS:
            if name in given and (found := value(name, given[name])) is not given[name]:
                object.__setattr__(self, name, found)


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
class RegisteredKey(VendingRegister):
    """The public part of a vending key: its register, the terms of its use and its check value.

    active_from, issue_until: the first and the last day (UTC, "2026-01-31") of tokens made with
    it, None without a limit. limit_tenths: how much may be sold with it altogether, in 0.1 kWh.
    sample: published, or made for trials. kcv: see check_value(); "" where it is unknown.
    """

    active_from: str | None = None
    issue_until: str | None = None
    limit_tenths: int | None = None
    sample: bool = False
    kcv: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, title in (("active_from", "activation"), ("issue_until", "issue-until")):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _day(getattr(self, name), title))
        if self.active_from and self.issue_until and self.active_from > self.issue_until:
            raise reason("key_register_invalid", "The activation date is after the issue-until.")
        limit = self.limit_tenths
        if limit is not None and (type(limit) is not int or not 0 <= limit <= MOST_LIMIT):
            raise reason(
                "key_register_invalid",
                f"The credit limit must be 0 to {MOST_LIMIT} tenths of a kWh.",
            )

    @property
    def place(self) -> tuple[int, int, int]:
        """SGC, KRN and KT, which identify a vending key."""
        return self.sgc, self.krn, self.kt

    @property
    def name(self) -> str:
        """The key as sentences name it."""
        return f"SGC {written('sgc', self.sgc)}, KT {self.kt}, KRN {self.krn}"

    def public(self) -> dict[str, Any]:
        """Return the public part as JSON. Terms that are not set are left out."""
        names = ("sgc", "kt", "krn", "ken", "bdt", "dkga", "sample")
        found = {name: getattr(self, name) for name in names} | {"sgc": written("sgc", self.sgc)}
        terms = {name: getattr(self, name) for name in TERMS}
        return found | {name: value for name, value in terms.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class VendingKey(RegisteredKey):
    """A vending key: its public part, and vk in hex, which is never shown."""

    vk: str = field(repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        computed = check_value(self.dkga, bytes.fromhex(self.vk))
        if self.kcv and self.kcv.upper() != computed:
            raise reason(
                "key_register_invalid", f"The check value of {self.name} is not {self.kcv}."
            )
        object.__setattr__(self, "kcv", computed)

    def as_json(self) -> dict[str, Any]:
        """Return the key in the form of the key file that is not sealed. The check value shows
        when a digit of the key was changed."""
        return self.public() | {"kcv": self.kcv, "vk": self.vk}

    def registered(self) -> RegisteredKey:
        """Return the public part alone."""
        names = [one.name for one in fields(RegisteredKey)]
        return RegisteredKey(**{name: getattr(self, name) for name in names})


def check_value(dkga: str, vk: bytes) -> str:
    """Return the check value (KCV) of a vending key: 6 hex digits, "" for a key of a length that
    its DKGA does not have.

    It is the start of 8 zero bytes encrypted by DES or two-key triple DES (DKGA01 to 03), or of
    their HMAC-SHA-256 (DKGA04).
    """
    if len(vk) != algorithms.VK_BYTES[dkga]:
        return ""
    zeros = bytes(8)
    if dkga == "04":
        out = algorithms.hmac_sha256(vk, zeros)
    else:
        out = ea.encrypt(9, vk[:8], zeros)
        if dkga == "03":
            out = ea.encrypt(9, vk[:8], ea.decrypt(9, vk[8:], out))
    return out[:3].hex().upper()


def _day(given: Any, title: str) -> str:
    try:
        return date.fromisoformat(given).isoformat()
    except (TypeError, ValueError):
        raise reason(
            "key_register_invalid", f"The {title} date is written as 2026-01-31."
        ) from None
