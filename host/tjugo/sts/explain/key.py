"""The decoder key of an explanation: given in hex, derived, or a registered meter's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sts_portable import dkga, ea, pan
from sts_portable.decoder import KeyState
from sts_portable.errors import StsError
from tjugo import drn
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
    """Where a decoder key came from."""

    dkga: str
    vk: bytes = field(repr=False)
    pan: str
    variant: str | None = None


@dataclass(frozen=True)
class DecoderKey:
    """A meter's key register. hidden: the key is a station's secret; nothing that tells it may be
    shown, and nothing may be encrypted with it outside a recorded sale."""

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
        """As a meter holds it."""
        return KeyState(self.key, self.ea, self.kt, self.krn, self.sgc, self.ti, self.ken)


@dataclass(frozen=True)
class KeyQuestion:
    """What a person says about a key. Either key (hex), or vk (hex) with pan or drn; neither: no
    key. The rest is the key register's, all checked by answer()."""

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
        """The key, or None when there is none. Raises TjugoError with a sentence that does not
        repeat what was given for a key."""
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
        """Raises TjugoError unless the key register's numbers are possible."""
        if self.ea not in ea.KEY_BYTES:
            raise TjugoError("The encryption algorithm is 7, 9 or 11.", 2)
        if self.bdt not in BASE_DATES:
            raise TjugoError("The base date is 93, 14 or 35.", 2)
        for name, (low, high) in _LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise TjugoError(f"{name.upper()} must be {low} to {high}.", 2)

    def meter_pan(self) -> str:
        """The MeterPAN, checked, of either number given. Raises TjugoError."""
        number = drn.digits(self.pan)
        if not number and not self.drn:
            raise TjugoError("Deriving a key needs the meter: give its DRN or its MeterPAN.", 2)
        try:
            if not number:
                return pan.pan_from_drn(drn.readings(self.drn)[0])
            found = pan.drn_from_pan(number)
            if not self.drn or found in drn.readings(self.drn):
                return number
        except StsError as error:
            raise TjugoError(plain(error), 2) from error
        raise TjugoError("The DRN and the MeterPAN are of two different meters.", 2)


def from_hex(text: str, what: str) -> bytes:
    """Bytes of hex digits, spaces allowed. Raises TjugoError that does not repeat the text."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise TjugoError(f"The {what} is to be written in hex.", 2) from None


def derive(how: Derivation, algorithm: int, register: Mapping[str, Any]) -> bytes:
    """The decoder key of a derivation and a key register. Raises TjugoError."""
    names = ("kt", "sgc", "ti", "krn", "bdt")
    kt, sgc, ti, krn, bdt = (register[name] for name in names)
    try:
        return dkga.decoder_key(
            how.dkga, how.vk, how.pan, kt, sgc, ti, krn, bdt, algorithm, how.variant
        )
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def of_meter(config: MeterConfig, key: bytes, hidden: bool = True) -> DecoderKey:
    """The key of a meter registered at a station, hidden unless told otherwise."""
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
