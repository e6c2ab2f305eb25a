"""Vending keys and the operations on them in software, behind the interface TokenBackend.

`SoftBackend` keeps vending keys in a private file beside the database, sealed or not. Keys are
never logged and never leave this package, except for a decoder key requested to provision a meter.
"""

import hmac
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from meterbus import answer as proofs
from meterbus import orders
from sts_portable import tid, token, vendor
from sts_portable.errors import KeyExpiredError, StsError
from tjugo import sealed_keys
from tjugo.errors import TjugoError, plain, reason
from tjugo.key_register import MeterConfig, VendingKey
from tjugo.private_file import create_private
from tjugo.sealed_keys import Secret
from tjugo.station.keys import ring as rings
from tjugo.station.keys.holder import Holder
from tjugo.station.keys.protocol import Answer, CreditRequest, TokenBackend
from tjugo.station.keys.ring import Ready, Ring

__all__ = [
    "Answer",
    "CreditRequest",
    "SoftBackend",
    "TokenBackend",
    "decode",
    "next_tid",
    "sample_keys",
]

MOST_RESULTS = 1000
_LAST_IN_UNITS = 3  # subclasses 4 to 7 of class 0 are in currency
_EXTENDED_READ = 2


def sample_keys() -> list[VendingKey]:
    """Return vending keys for trials. The DKGA02 key is the published one of the STS test cases;
    the DKGA04 key is unique to this installation."""
    return [
        VendingKey(sgc=123456, dkga="02", vk="ab" * 8, sample=True),
        VendingKey(vk=secrets.token_hex(20), sample=True),
    ]


class SoftBackend(Holder):
    """A TokenBackend in software, with the keys that it holds. Safe for several threads."""

    @staticmethod
    def create_sample(path: Path, opened_by: Sequence[Secret] = ()) -> None:
        """Write a key file with the sample keys unless there is one, sealed if there are secrets
        that open it."""
        keys = sample_keys()
        if opened_by:
            create_private(path, sealed_keys.seal(keys, opened_by).text())
        else:
            content = {"keys": [key.as_json() for key in keys]}
            create_private(path, json.dumps(content, indent=2) + "\n")

    def issue_credit_token(
        self,
        meter_config: MeterConfig,
        subclass: int,
        amount_tenths: int,
        tid: int,
        rnd: int,
        message_id: str = "",
    ) -> str:
        """See TokenBackend."""
        request = CreditRequest(meter_config, subclass, amount_tenths, tid, rnd)
        return self._kept(message_id, [self._credit(self._opened(), request)])[0]

    def issue_credit_tokens(self, wanted: Sequence[CreditRequest]) -> list[str | TjugoError]:
        """See TokenBackend."""
        ring = self._opened()
        made: list[str | TjugoError] = []
        for request in wanted:
            try:
                made.append(self._credit(ring, request))
            except TjugoError as error:
                made.append(error)
        return made

    def issue_mse_token(
        self,
        meter_config: MeterConfig,
        subclass: int,
        values: Mapping[str, int],
        tid: int,
        rnd: int,
        message_id: str = "",
    ) -> str:
        """See TokenBackend."""
        m = meter_config
        ready = self._permitted(self._opened(), m, tid)
        with _sentences(m, ready):
            made = vendor.management(ready.key, m.ea, subclass, tid, rnd, ready.ken, **values)
        return self._kept(message_id, [made])[0]

    def issue_meter_test_token(
        self, subclass: int, test: int, mfr: int = 0, message_id: str = ""
    ) -> str:
        """See TokenBackend."""
        with _sentences():
            if subclass == _EXTENDED_READ:
                made = vendor.extended_read(test, mfr)
            else:
                made = vendor.meter_test(subclass, test, mfr)
        return self._kept(message_id, [made])[0]

    def issue_key_change_tokens(
        self,
        meter_config: MeterConfig,
        new_config: MeterConfig,
        minute: int,
        kct3: bool = False,
        message_id: str = "",
    ) -> list[str]:
        """See TokenBackend."""
        old, new = meter_config, new_config
        ring = self._opened()
        for config in (old, new):
            key = self._registers.get((config.sgc, config.krn, config.kt))
            if key is not None:
                rings.check_day(key, rings.day_of(new.bdt, minute))
        old_key, ready = ring.ready(old).key, ring.ready(new)
        if new.ken > ready.ken:
            raise _beyond(new, ready.ken)
        with _sentences(new, ready):
            made = vendor.key_change(
                *(old_key, old.ea, ready.key, new.kt, new.krn, new.ti, new.ken),
                *(old.bdt != new.bdt, new.sgc, kct3),
                minute=minute,
                bdt=new.bdt,
                old_bdt=old.bdt,
            )
        return self._kept(message_id, made)

    def verify_token(self, meter_config: MeterConfig, digits: str) -> token.Token | None:
        """See TokenBackend."""
        key = self.decoder_key(meter_config) if _is_encrypted(digits) else b""
        return decode(digits, key, meter_config.ea)

    def verify_answer(self, meter_config: MeterConfig, answer: Answer) -> bool:
        """See TokenBackend."""
        key = hmac.digest(self.decoder_key(meter_config), proofs.LABEL, "sha256")
        signed = proofs.message(meter_config.drn, *answer[:-1])
        mac = hmac.digest(key, signed, "sha256")[: proofs.MAC_BYTES]
        return hmac.compare_digest(mac.hex(), answer.mac)

    def sign_order(self, meter_config: MeterConfig, order: bytes) -> bytes:
        """See TokenBackend."""
        text = orders.message(meter_config.drn, order)
        return order + self._order_mac(meter_config, orders.LABEL, text)

    def verify_order(
        self, meter_config: MeterConfig, signed: bytes, result: int, proof: str
    ) -> bool:
        """See TokenBackend."""
        text = orders.answer(meter_config.drn, signed[: -orders.MAC_BYTES], result)
        mac = self._order_mac(meter_config, orders.ANSWER_LABEL, text)
        return hmac.compare_digest(mac.hex(), proof)

    def _order_mac(self, meter_config: MeterConfig, label: bytes, text: bytes) -> bytes:
        key = hmac.digest(self.decoder_key(meter_config), label, "sha256")
        return hmac.digest(key, text, "sha256")[: orders.MAC_BYTES]

    def fetch_token_result(self, message_id: str) -> list[str] | None:
        """See TokenBackend. The latest 1000 results of this process are kept."""
        found = None if self.locked else self._results.get(message_id)
        return None if found is None else list(found)

    def check_register(self, meter_config: MeterConfig) -> None:
        """See TokenBackend."""
        m = meter_config
        self._refresh()
        key = self._registers.get((m.sgc, m.krn, m.kt))
        rings.check_match(key, m)
        assert key is not None
        if m.ken > key.ken:
            raise _beyond(m, key.ken)
        if self._ring is None:
            rings.check_derivation(m)
        else:
            self._ring.ready(m)

    def decoder_key(self, meter_config: MeterConfig) -> bytes:
        """See TokenBackend."""
        return self._opened().ready(meter_config).key

    def _credit(self, ring: Ring, request: CreditRequest) -> str:
        m, subclass, units, number, rnd = request
        rings.check_type(m)
        ready = self._permitted(ring, m, number)
        try:
            if subclass > _LAST_IN_UNITS:
                return vendor.currency(ready.key, m.ea, number, units, subclass, ready.ken)
            return vendor.credit(ready.key, m.ea, number, rnd, units, subclass, ready.ken)
        except StsError as error:
            raise _sentence(error, m, ready) from error

    def _permitted(self, ring: Ring, m: MeterConfig, number: int) -> Ready:
        """Return the decoder key of a meter if the terms of its vending key permit the TID."""
        ready = ring.ready(m)
        if not ready.first_tid <= number <= ready.last_tid:
            key = self._registers.get((m.sgc, m.krn, m.kt))
            error = rings.check_tid(key, number)
            if error is not None:
                raise error
        return ready

    def _kept(self, message_id: str, made: list[str]) -> list[str]:
        if message_id:
            with self._lock:
                if len(self._results) >= MOST_RESULTS:
                    self._results.pop(next(iter(self._results)))
                self._results[message_id] = made
        return made


def _beyond(m: MeterConfig, ken: int) -> TjugoError:
    return reason(
        "key_register_invalid",
        f"Meter {m.drn}: KEN {m.ken} is beyond the vending key's, which is {ken}.",
    )


def _sentence(error: StsError, m: MeterConfig | None, ready: Ready | None) -> TjugoError:
    if isinstance(error, KeyExpiredError) and m is not None and ready is not None:
        return reason(
            "key_expired",
            f"The key of meter {m.drn} has expired (KEN {ready.ken}); it needs a key change "
            "before anything can be sold.",
        )
    return reason("token_refused", plain(error))


@contextmanager
def _sentences(m: MeterConfig | None = None, ready: Ready | None = None) -> Iterator[None]:
    try:
        yield
    except StsError as error:
        raise _sentence(error, m, ready) from error


def _is_encrypted(digits: str) -> bool:
    try:
        return token.is_encrypted(token.split(digits)[0])
    except StsError as error:
        raise TjugoError(plain(error), 2) from error


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
