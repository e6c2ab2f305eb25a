"""The decoder key of an explanation: given in hex, derived, or that of a registered meter."""

from dataclasses import dataclass, field

from sts_portable import dkga, ea, pan
from sts_portable.decoder import KeyState
from sts_portable.errors import StsError
from tjugo import drn
from tjugo.errors import TjugoError, plain
from tjugo.key_register import KeyRegister, MeterConfig

KEY_TYPES = {0: "DITK, initialisation", 1: "DDTK, default", 2: "DUTK, unique", 3: "DCTK, common"}


@dataclass(frozen=True)
class Derivation:
    """The inputs from which a decoder key was derived."""

    dkga: str
    vk: bytes = field(repr=False)
    pan: str
    variant: str | None = None


@dataclass(frozen=True)
class DecoderKey(KeyRegister):
    """A decoder key and its register. hidden: the key is a station's secret; nothing that tells it
    may be shown, and nothing may be encrypted with it outside a recorded sale."""

    key: bytes = field(repr=False)
    derivation: Derivation | None = None
    hidden: bool = False

    def state(self) -> KeyState:
        """Return it as a meter holds it."""
        return KeyState(self.key, self.ea, self.kt, self.krn, self.sgc, self.ti, self.ken)


@dataclass(frozen=True, kw_only=True)
class KeyQuestion(KeyRegister):
    """What a person gives of a key: either key (hex), or vk (hex) with pan or drn; neither: no
    key. The register's fields are checked here, the rest by answer()."""

    key: str = field(default="", repr=False)
    vk: str = field(default="", repr=False)
    pan: str = ""
    drn: str = ""
    variant: str | None = None

    def answer(self) -> DecoderKey | None:
        """Return the key, or None when there is none. Raise TjugoError with a sentence that does
        not repeat what was given for a key."""
        if self.key and self.vk:
            raise TjugoError("Give the decoder key or a vending key, not both.", 2)
        if self.key:
            size = ea.KEY_BYTES[self.ea]
            key = from_hex(self.key, "decoder key")
            if len(key) != size:
                raise TjugoError(f"EA{self.ea:02d} needs a decoder key of {2 * size} digits.", 2)
            return DecoderKey(key, **self.register())
        if self.vk:
            how = Derivation(
                self.dkga, from_hex(self.vk, "vending key"), self.meter_pan(), self.variant or None
            )
            return DecoderKey(derive(how, self), how, **self.register())
        return None

    def meter_pan(self) -> str:
        """Return the checked MeterPAN of the DRN or MeterPAN entered. Raise TjugoError."""
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
    """Return the bytes of hex digits with optional spaces. Raise TjugoError without the text."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise TjugoError(f"The {what} must be in hex digits.", 2) from None


def derive(how: Derivation, register: KeyRegister) -> bytes:
    """Return the decoder key of a derivation and a key register. Raise TjugoError."""
    r = register
    try:
        return dkga.decoder_key(
            how.dkga, how.vk, how.pan, r.kt, r.sgc, r.ti, r.krn, r.bdt, r.ea, how.variant
        )
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def of_meter(config: MeterConfig, key: bytes, hidden: bool = True) -> DecoderKey:
    """Return the key of a meter registered at a station, hidden unless told otherwise."""
    return DecoderKey(key, hidden=hidden, **config.register())
