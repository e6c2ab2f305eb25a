"""Vending keys and the operations on them, behind one interface.

`TokenBackend` has the operations of a hardware security module, so that one can replace
`SoftBackend`, which keeps vending keys in a private file beside the database. Keys are never
logged and never leave this module, except for a decoder key requested to provision a meter.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from sts_portable import dkga, layouts, tid, token, vendor
from sts_portable.errors import FormatError, KeyExpiredError, StsError
from tjugo.errors import TjugoError, plain, reason
from tjugo.key_register import (
    KeyRegister,
    MeterConfig,
    VendingKey,
    VendingRegister,
    load_keys,
    written,
)
from tjugo.private_file import create_private

_EXTENDED = 10  # class 2: SetExtended


class TokenBackend(Protocol):
    """The interface of a key store that makes tokens. All methods raise TjugoError with a
    sentence."""

    def issue_credit_token(
        self, meter_config: MeterConfig, subclass: int, amount_tenths: int, tid: int, rnd: int
    ) -> str:
        """Return the 20 digits of a class 0 token; amount in units of 0.1, rnd 0 to 15."""
        ...

    def issue_mse_token(
        self, meter_config: MeterConfig, subclass: int, value: int, tid: int, rnd: int
    ) -> str:
        """Return the 20 digits of a class 2 token with a TID.

        value: W for subclass 0 and 6, otherwise the 16 bits of the layout; of subclass 10 (the
        extended set) the register index is in the upper 6 bits.
        """
        ...

    def issue_key_change_tokens(
        self, meter_config: MeterConfig, target: KeyRegister
    ) -> tuple[str, ...]:
        """Return the 20 digits of each token of a key change, in the order of entry: two, three or
        four. The rollover bit is set when the base date changes. The caller checks that the new
        key is not expired."""
        ...

    def issue_test_token(self, subclass: int, control: int, manufacturer: int) -> str:
        """Return the 20 digits of a class 1 token. control: of subclass 2 the register index;
        manufacturer: its code, 0 for every meter."""
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
        with _refusals(
            f"The key of meter {m.drn} has expired (KEN {ken}); it needs a key change before "
            "anything can be sold."
        ):
            return vendor.credit(key, m.ea, tid, rnd, amount_tenths, subclass, ken)

    def issue_mse_token(
        self, meter_config: MeterConfig, subclass: int, value: int, tid: int, rnd: int
    ) -> str:
        """See TokenBackend."""
        m = meter_config
        ken = min(m.ken, self._key(m).ken)
        key = self.decoder_key(m)
        with _refusals(f"The key of meter {m.drn} has expired (KEN {ken})."):
            return vendor.management(
                key, m.ea, subclass, tid, rnd, ken, **_values(subclass, value)
            )

    def issue_key_change_tokens(
        self, meter_config: MeterConfig, target: KeyRegister
    ) -> tuple[str, ...]:
        """See TokenBackend."""
        m, t = meter_config, target
        if m.ea != t.ea:
            raise reason("key_change_refused", f"Meter {m.drn} has EA {m.ea:02d}, not {t.ea:02d}.")
        new = MeterConfig(m.drn, m.tct, **t.register())
        self.check_register(new)
        keys = self.decoder_key(m), m.ea, self.decoder_key(new)
        numbers = t.kt, t.krn, t.ti, t.ken, m.bdt != t.bdt, t.sgc, m.sgc != t.sgc
        try:
            made = vendor.key_change(*keys, *numbers, minute=0, bdt=t.bdt, old_bdt=m.bdt)
        except StsError as error:
            raise reason("key_change_refused", f"Meter {m.drn}: {error}.") from error
        return tuple(made)

    def issue_test_token(self, subclass: int, control: int, manufacturer: int) -> str:
        """See TokenBackend."""
        with _refusals():
            if subclass == 2:
                return token.make(1, subclass, index=control, mfr=manufacturer)
            return token.make(1, subclass, control=control, mfr=manufacturer)

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


@contextmanager
def _refusals(expired: str = "The key has expired.") -> Iterator[None]:
    """Raise the errors of sts_portable as reasons. expired: the sentence for an expired key."""
    try:
        yield
    except KeyExpiredError as error:
        raise reason("key_expired", expired) from error
    except StsError as error:
        raise reason("token_refused", plain(error)) from error


def _values(subclass: int, value: int) -> dict[str, int]:
    """Return the field values of a class 2 token with a TID. Raise FormatError for others."""
    if subclass != _EXTENDED:
        row = layouts.row(2, subclass)
        if row is None or row[2] is None:
            raise FormatError(f"class 2 subclass {subclass} has no value")
        return {row[2][0]: value}
    index, data = value >> 10, value & 0x3FF
    if index == layouts.FLAG_INDEX:
        return {"index": index, "flag": data >> 1, "state": data & 1}
    return {"index": index, "data": data}


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
            f"{end[0]}-{end[1]:02d}-{end[2]:02d}, and this station's clock reads {now:%Y-%m-%d}.",
        ) from error
