"""The interface of a key store that makes tokens: the verbs of a hardware security module."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sts_portable import token
from tjugo.errors import TjugoError
from tjugo.key_register import MeterConfig, RegisteredKey


class CreditRequest(NamedTuple):
    """A credit token to be made. units: of 0.1 (subclass 0 to 3), or of 1e-5 of the currency
    (subclass 4 to 7); rnd: 0 to 15."""

    meter_config: MeterConfig
    subclass: int
    units: int
    tid: int
    rnd: int


class Answer(NamedTuple):
    """A meter's answer to a token, as meterbus.answer has it signed. mac: hexadecimal."""

    digits: str
    ref: int
    result: int
    credit_wh: int
    sequence: int
    mac: str


class TokenBackend(Protocol):
    """A key store that makes tokens. Its methods raise TjugoError with a sentence; code
    keys_locked while the vending keys are locked.

    message_id: of the caller, "" for none; fetch_token_result() returns the tokens again.
    """

    def issue_credit_token(
        self,
        meter_config: MeterConfig,
        subclass: int,
        amount_tenths: int,
        tid: int,
        rnd: int,
        message_id: str = "",
    ) -> str:
        """Return the 20 digits of a class 0 token; the fields are those of CreditRequest."""
        ...

    def issue_credit_tokens(self, wanted: Sequence[CreditRequest]) -> list[str | TjugoError]:
        """Return the token of each request, or why there is none, in the order of the
        requests."""
        ...

    def issue_mse_token(
        self,
        meter_config: MeterConfig,
        subclass: int,
        values: Mapping[str, int],
        tid: int,
        rnd: int,
        message_id: str = "",
    ) -> str:
        """Return a class 2 token that is no key change. values: by the names of the fields:
        `mpl` and `mppul` in W, `register`, `rate`, `factor`; subclass 5 has none, subclass 10 has
        `index` with `data`, or `index` 63 with `flag` and `state`."""
        ...

    def issue_meter_test_token(
        self, subclass: int, test: int, mfr: int = 0, message_id: str = ""
    ) -> str:
        """Return a class 1 token, which needs no key. Subclass 0 (manufacturer codes of 2 digits)
        or 1 (of 4): test 0 for all, or its number; subclass 2: the index of a register."""
        ...

    def issue_key_change_tokens(
        self,
        meter_config: MeterConfig,
        new_config: MeterConfig,
        minute: int,
        kct3: bool = False,
        message_id: str = "",
    ) -> list[str]:
        """Return the tokens that change a meter's key, in the order of entry: two (with kct3
        three) for a 64-bit key, four for a 128-bit key.

        minute: the present one since the new base date. The rollover bit is set exactly when the
        base date changes.
        """
        ...

    def verify_token(self, meter_config: MeterConfig, digits: str) -> token.Token | None:
        """Return the token as the meter decodes it, or None when it is not for this meter and
        key."""
        ...

    def verify_answer(self, meter_config: MeterConfig, answer: Answer) -> bool:
        """Return whether a meter with this key register signed the answer."""
        ...

    def sign_order(self, meter_config: MeterConfig, order: bytes) -> bytes:
        """Return an order (meterbus.orders) with its MAC for a meter with this key register."""
        ...

    def verify_order(
        self, meter_config: MeterConfig, signed: bytes, result: int, proof: str
    ) -> bool:
        """Return whether a meter with this key register has given a result to an order. signed:
        the order with its MAC; proof: hexadecimal."""
        ...

    def fetch_token_result(self, message_id: str) -> list[str] | None:
        """Return the tokens that were made for a message, None where that is unknown: nothing was
        made, or it is too long ago."""
        ...

    def vending_register(self, sgc: int, kt: int, krn: int) -> RegisteredKey | None:
        """Return the public part of a vending key, None where there is none."""
        ...

    def registers(self) -> tuple[RegisteredKey, ...]:
        """Return the public part of every vending key."""
        ...

    def check_register(self, meter_config: MeterConfig) -> None:
        """Raise TjugoError unless there is a vending key for this register and its KEN is not
        beyond the vending key's."""
        ...

    def decoder_key(self, meter_config: MeterConfig) -> bytes:
        """Return the decoder key of a meter, for provisioning and to decrypt what is shown."""
        ...

    @property
    def locked(self) -> bool:
        """Whether the vending keys are locked."""
        ...
