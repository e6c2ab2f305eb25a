"""Vending keys and what is done with them, behind one interface.

`TokenBackend` has the verbs of a hardware security module, so that one can take the place of
`SoftBackend`, which keeps vending keys in a private file beside the database. Keys are never
logged and never leave this module, except for a decoder key asked for to provision a meter.
"""

import json
import os
import secrets
import stat
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from sts_portable import dkga, pan, tid, token, vendor
from sts_portable.errors import KeyExpiredError, StsError
from tjugo.errors import TjugoError, Unavailable


def plain(error: Exception) -> str:
    """The text of an StsError as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


@dataclass(frozen=True)
class MeterConfig:
    """A meter and its key state. ea 7, 9 or 11; bdt "93", "14" or "35"; dkga "02" or "04"; the
    rest as the standard has them."""

    drn: str
    ea: int
    tct: int
    sgc: str
    krn: int
    kt: int
    ti: str
    ken: int
    bdt: str
    dkga: str

    @property
    def pan(self) -> str:
        """The 18-digit MeterPAN."""
        return pan.pan_from_drn(self.drn)


class TokenBackend(Protocol):
    """Where vending keys live and tokens are made. All raise TjugoError with a sentence."""

    def issue_credit_token(
        self, meter_config: MeterConfig, subclass: int, amount_tenths: int, tid: int, rnd: int
    ) -> str:
        """The 20 digits of a class 0 token; amount in units of 0.1, rnd 0 to 15."""
        ...

    def verify_token(self, meter_config: MeterConfig, digits: str) -> token.Token | None:
        """The token the meter would see, or None when it is not for this meter and key."""
        ...

    def decoder_key(self, meter_config: MeterConfig) -> bytes:
        """The key to be put into the meter. For provisioning, and to decrypt what is shown."""
        ...


@dataclass(frozen=True)
class VendingKey:
    """One register of the key file. vk in hex; sample: published or made for trying out."""

    sgc: str
    kt: int
    krn: int
    ken: int
    bdt: str
    dkga: str
    vk: str
    sample: bool = False


def sample_keys() -> list[VendingKey]:
    """Keys to try the system with. The DKGA02 key is the published one of the STS test cases; the
    DKGA04 key is this installation's own."""
    return [
        VendingKey("123456", 2, 1, 255, "14", "02", "ab" * 8, sample=True),
        VendingKey("123457", 2, 1, 255, "14", "04", secrets.token_hex(20), sample=True),
    ]


class SoftBackend:
    """A TokenBackend in software, with the keys of one file."""

    def __init__(self, keys: list[VendingKey]) -> None:
        self._keys = {(key.sgc, key.kt, key.krn): key for key in keys}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads the key file. Raises TjugoError when it is missing, wrong, or not private."""
        try:
            with path.open(encoding="utf-8") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                content = json.load(file)
            keys = [VendingKey(**fields) for fields in content["keys"]]
            for key in keys:
                bytes.fromhex(key.vk)
        except FileNotFoundError as error:
            raise Unavailable(f"The vending key file {path} is missing.") from error
        except OSError as error:
            raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, TypeError, KeyError):
            # `from None`: the text of the error may quote key material.
            raise Unavailable(f"{path} is not a vending key file.") from None
        if os.name == "posix" and mode & 0o077:
            raise Unavailable(f"Others may read the vending keys: run `chmod 600 {path}`.")
        return cls(keys)

    @staticmethod
    def create_sample(path: Path) -> None:
        """Writes a key file with the sample keys unless there is one."""
        content = {"keys": [asdict(key) for key in sample_keys()]}
        create_private(path, json.dumps(content, indent=2) + "\n")

    def issue_credit_token(
        self, meter_config: MeterConfig, subclass: int, amount_tenths: int, tid: int, rnd: int
    ) -> str:
        """See TokenBackend."""
        key = self.decoder_key(meter_config)
        m = meter_config
        try:
            return vendor.credit(key, m.ea, tid, rnd, amount_tenths, subclass, m.ken)
        except KeyExpiredError as error:
            raise TjugoError(
                f"The key of meter {m.drn} has expired (KEN {m.ken}); it needs a key change "
                "before anything can be sold."
            ) from error
        except StsError as error:
            raise TjugoError(plain(error)) from error

    def verify_token(self, meter_config: MeterConfig, digits: str) -> token.Token | None:
        """See TokenBackend."""
        return decode(digits, self.decoder_key(meter_config), meter_config.ea)

    def decoder_key(self, meter_config: MeterConfig) -> bytes:
        """See TokenBackend."""
        m = meter_config
        found = self._keys.get((m.sgc, m.kt, m.krn))
        if found is None:
            raise TjugoError(f"There is no vending key for SGC {m.sgc}, KT {m.kt}, KRN {m.krn}.")
        if (found.dkga, found.bdt) != (m.dkga, m.bdt):
            raise TjugoError(
                f"The vending key of SGC {m.sgc}, KT {m.kt}, KRN {m.krn} is for DKGA "
                f"{found.dkga}, base date {found.bdt}; meter {m.drn} has {m.dkga}, {m.bdt}."
            )
        vk = bytes.fromhex(found.vk)
        try:
            return dkga.decoder_key(m.dkga, vk, m.pan, m.kt, m.sgc, m.ti, m.krn, m.bdt, m.ea)
        except StsError as error:
            raise TjugoError(plain(error)) from error


def decode(digits: str, key: bytes, ea: int) -> token.Token | None:
    """sts_portable's decode with its errors as sentences. None: the CRC does not agree."""
    try:
        return token.decode(digits, key, ea)
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def next_tid(meter_config: MeterConfig, now: datetime, last: int | None) -> int:
    """The TID for a token issued now to a meter whose latest TID is `last`: the present minute or
    the next one free, never the reserved one. Raises TjugoError outside the base date's range."""
    bdt = meter_config.bdt
    try:
        minute = tid.minutes(bdt, now.year, now.month, now.day, now.hour, now.minute)
        return vendor.allocate(last, minute)
    except StsError as error:
        first, end = tid.BASE_YEARS[bdt], tid.civil(bdt, tid.MAX_TID)
        raise TjugoError(
            f"No token identifier is free: base date {bdt} reaches from {first} to "
            f"{end[0]}-{end[1]:02d}-{end[2]:02d}, and this station's clock says {now:%Y-%m-%d}."
        ) from error


def create_private(path: Path, content: str) -> None:
    """Makes a file, mode 0600, whole or not at all. One that exists is left alone."""
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # A link, not a rename: of two programs that make the file at once, one wins.
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.") from error
