"""The decoder key of an explanation: given in hex, derived, or that of a registered meter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sts_portable import dkga, ea, pan
from sts_portable.decoder import KeyState
from sts_portable.errors import StsError
from tjugo.errors import TjugoError, plain
from tjugo.key_register import MeterConfig

_LIMITS = {
    "kt": (0, 3),
    "krn": (1, 9),
    "sgc": (0, 999999),
    "ti": (0, 99),
    "ken": (0, 255),
}
KEY_TYPES = {0: "DITK, initialisation", 1: "DDTK, default", 2: "DUTK, unique", 3: "DCTK, common"}
BASE_DATES = ("93", "14", "35")


@dataclass(frozen=True)
class Derivation:
    """The inputs from which a decoder key was derived."""

    dkga: str
    vk: bytes = field(repr=False)
    pan: str
    variant: str | None = None


@dataclass(frozen=True)
class DecoderKey:
    """A meter's key register.

    hidden: the key is a secret of the station; nothing that discloses it may be shown, and nothing
    may be encrypted with it outside a recorded sale.
    """

    key: bytes = field(repr=False)
    ea: int = 7
    kt: int = 2
    krn: int = 1
    sgc: int = 123457
    ti: int = 1
    ken: int = 255
    bdt: str = "14"
    derivation: Derivation | None = None
    hidden: bool = False

    def state(self) -> KeyState:
        """Return the key register as a KeyState."""
        return KeyState(self.key, self.ea, self.kt, self.krn, self.sgc, self.ti, self.ken)


@dataclass(frozen=True)
class KeyQuestion:
    """A key as entered: either key (hex), or vk (hex) with pan or drn, or neither for no key.

    The other attributes are those of the key register; answer() checks all of them.
    """

    key: str = field(default="", repr=False)
    vk: str = field(default="", repr=False)
    pan: str = ""
    drn: str = ""
    dkga: str = "04"
    variant: str | None = None
    ea: int = 7
    kt: int = 2
    krn: int = 1
    sgc: int = 123457
    ti: int = 1
    ken: int = 255
    bdt: str = "14"

    def answer(self) -> DecoderKey | None:
        """Return the key, or None if none was entered.

        Raise TjugoError with a sentence that does not contain the entered key.
        """
        if self.key and self.vk:
            raise TjugoError("Give the decoder key or a vending key, not both.", 2)
        self.check()
        register: dict[str, Any] = {name: getattr(self, name) for name in (*_LIMITS, "bdt")}
        if self.key:
            size = ea.KEY_BYTES[self.ea]
            key = from_hex(self.key, "decoder key")
            if len(key) != size:
                raise TjugoError(f"EA{self.ea:02d} needs a decoder key of {2 * size} digits.", 2)
            return DecoderKey(key, self.ea, **register)
        if self.vk:
            how = Derivation(
                self.dkga, from_hex(self.vk, "vending key"), self.meter_pan(), self.variant or None
            )
            return DecoderKey(derive(how, self.ea, register), self.ea, **register, derivation=how)
        return None

    def check(self) -> None:
        """Raise TjugoError unless the numbers of the key register are valid."""
        if self.ea not in ea.KEY_BYTES:
            raise TjugoError("The encryption algorithm is 7, 9 or 11.", 2)
        if self.bdt not in BASE_DATES:
            raise TjugoError("The base date is 93, 14 or 35.", 2)
        for name, (low, high) in _LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise TjugoError(f"{name.upper()} must be {low} to {high}.", 2)

    def meter_pan(self) -> str:
        """Return the checked MeterPAN of the DRN or MeterPAN entered. Raise TjugoError."""
        number, drn = _digits(self.pan), _digits(self.drn)
        if not number and not drn:
            raise TjugoError("Deriving a key needs the meter: give its DRN or its MeterPAN.", 2)
        try:
            if not number:
                return pan.pan_from_drn(drn)
            found = pan.drn_from_pan(number)
            if not drn or found == pan.normal(drn):
                return number
        except StsError as error:
            raise TjugoError(plain(error), 2) from error
        raise TjugoError("The DRN and the MeterPAN are of two different meters.", 2)


def _digits(text: str) -> str:
    """Return the text without white space and hyphens."""
    return re.sub(r"[\s-]", "", text).encode("ascii", "replace").decode()


def from_hex(text: str, what: str) -> bytes:
    """Return the bytes of hex digits with optional spaces. Raise TjugoError without the text."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise TjugoError(f"The {what} must be in hex digits.", 2) from None


def derive(how: Derivation, algorithm: int, register: Mapping[str, Any]) -> bytes:
    """Return the decoder key of a derivation and a key register. Raise TjugoError."""
    names = ("kt", "sgc", "ti", "krn", "bdt")
    kt, sgc, ti, krn, bdt = (register[name] for name in names)
    try:
        return dkga.decoder_key(
            how.dkga, how.vk, how.pan, kt, sgc, ti, krn, bdt, algorithm, how.variant
        )
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def of_meter(config: MeterConfig, key: bytes, hidden: bool = True) -> DecoderKey:
    """Return the key of a meter registered at a station, hidden by default."""
    return DecoderKey(
        key,
        config.ea,
        config.kt,
        config.krn,
        int(config.sgc),
        int(config.ti),
        config.ken,
        config.bdt,
        hidden=hidden,
    )
