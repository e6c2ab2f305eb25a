"""Vending keys and the operations on them, behind one interface.

`TokenBackend` has the operations of a hardware security module, so that one can replace
`SoftBackend`, which keeps vending keys in a private file beside the database. Keys are never
logged and never leave this module, except for a decoder key requested to provision a meter.
"""

import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from sts_portable import dkga, tid, token, vendor
from sts_portable.errors import KeyExpiredError, StsError
from tjugo.errors import TjugoError, plain, reason
from tjugo.key_register import MeterConfig, VendingKey, VendingRegister, load_keys, written
from tjugo.private_file import create_private


class TokenBackend(Protocol):
    """The interface of a key store that makes tokens. All methods raise TjugoError with a
    sentence."""

    def issue_credit_token(
        self, meter_config: MeterConfig, subclass: int, amount_tenths: int, tid: int, rnd: int
    ) -> str:
        """Return the 20 digits of a class 0 token; amount in units of 0.1, rnd 0 to 15."""
        ...

    def verify_token(self, meter_config: MeterConfig, digits: str) -> token.Token | None:
        """Return the token as the meter decodes it, or None when it is not for this meter and
        key."""
        ...

    def vending_register(self, sgc: int, kt: int, krn: int) -> VendingRegister | None:
        """Return the register of a vending key, None where there is none."""
        ...

    def check_register(self, meter_config: MeterConfig) -> None:
        """Raise TjugoError unless there is a vending key for this register and its KEN is not
        beyond the vending key's."""
        ...

    def decoder_key(self, meter_config: MeterConfig) -> bytes:
        """Return the decoder key of a meter, for provisioning and to decrypt what is shown."""
        ...


def sample_keys() -> list[VendingKey]:
    """Return vending keys for trials. The DKGA02 key is the published one of the STS test cases;
    the DKGA04 key is unique to this installation."""
    return [
        VendingKey(sgc=123456, dkga="02", vk="ab" * 8, sample=True),
        VendingKey(vk=secrets.token_hex(20), sample=True),
    ]


class SoftBackend:
    """A TokenBackend in software, with the keys of one file."""

    def __init__(self, keys: list[VendingKey]) -> None:
        self._keys = {(key.sgc, key.kt, key.krn): key for key in keys}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return a back end with the keys of a file; see key_register.load_keys."""
        return cls(load_keys(path))

    @staticmethod
    def create_sample(path: Path) -> None:
        """Write a key file with the sample keys unless there is one."""
        content = {"keys": [key.as_json() for key in sample_keys()]}
        create_private(path, json.dumps(content, indent=2) + "\n")

    def issue_credit_token(
        self, meter_config: MeterConfig, subclass: int, amount_tenths: int, tid: int, rnd: int
    ) -> str:
        """See TokenBackend."""
        key = self.decoder_key(meter_config)
        m = meter_config
        ken = min(m.ken, self._key(m).ken)  # neither the meter's nor the vending key's has passed
        try:
            return vendor.credit(key, m.ea, tid, rnd, amount_tenths, subclass, ken)
        except KeyExpiredError as error:
            raise reason(
                "key_expired",
                f"The key of meter {m.drn} has expired (KEN {ken}); it needs a key change "
                "before anything can be sold.",
            ) from error
        except StsError as error:
            raise reason("token_refused", plain(error)) from error

    def verify_token(self, meter_config: MeterConfig, digits: str) -> token.Token | None:
        """See TokenBackend."""
        return decode(digits, self.decoder_key(meter_config), meter_config.ea)

    def vending_register(self, sgc: int, kt: int, krn: int) -> VendingRegister | None:
        """See TokenBackend."""
        return self._keys.get((sgc, kt, krn))

    def check_register(self, meter_config: MeterConfig) -> None:
        """See TokenBackend."""
        m, key = meter_config, self._key(meter_config)
        if m.ken > key.ken:
            raise reason(
                "key_register_invalid",
                f"Meter {m.drn}: KEN {m.ken} is beyond the vending key's, which is {key.ken}.",
            )
        self.decoder_key(m)

    def decoder_key(self, meter_config: MeterConfig) -> bytes:
        """See TokenBackend."""
        m = meter_config
        vk = bytes.fromhex(self._key(m).vk)
        try:
            return dkga.decoder_key(m.dkga, vk, m.pan, m.kt, m.sgc, m.ti, m.krn, m.bdt, m.ea)
        except StsError as error:
            raise reason("key_register_invalid", plain(error)) from error

    def _key(self, meter_config: MeterConfig) -> VendingKey:
        """Return the vending key of a meter's register. Raise TjugoError."""
        m = meter_config
        found = self._keys.get((m.sgc, m.kt, m.krn))
        name = f"SGC {written('sgc', m.sgc)}, KT {m.kt}, KRN {m.krn}"
        if found is None:
            raise reason("vending_key_missing", f"There is no vending key for {name}.")
        if (found.dkga, found.bdt) != (m.dkga, m.bdt):
            raise reason(
                "vending_key_missing",
                f"The vending key of {name} is for DKGA {found.dkga}, base date {found.bdt}; "
                f"meter {m.drn} has {m.dkga}, {m.bdt}.",
            )
        return found


def decode(digits: str, key: bytes, ea: int) -> token.Token | None:
    """Decode a token as sts_portable does, with its errors as sentences. Return None when the CRC
    does not agree."""
    try:
        return token.decode(digits, key, ea)
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


def next_tid(meter_config: MeterConfig, now: datetime, last: int | None) -> int:
    """Return the TID for a token issued now to a meter whose latest TID is `last`.

    It is the present minute or the next free one, never the reserved one. Raise TjugoError outside
    the base date's range.
    """
    bdt = meter_config.bdt
    try:
        minute = tid.minutes(bdt, now.year, now.month, now.day, now.hour, now.minute)
        return vendor.allocate(last, minute)
    except StsError as error:
        first, end = tid.BASE_YEARS[bdt], tid.civil(bdt, tid.MAX_TID)
        raise reason(
            "tid_exhausted",
            f"No token identifier is free: base date {bdt} reaches from {first} to "
            f"{end[0]}-{end[1]:02d}-{end[2]:02d}, and this station's clock says {now:%Y-%m-%d}.",
        ) from error
