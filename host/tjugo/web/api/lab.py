"""The explanations of the Token lab.

Input, keys above all, is used for the answer only: it is not stored, logged or repeated in an
error, and answers are marked as not to be stored by the browser. The use of a registered meter's
key is recorded.
"""

import threading
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from tjugo.errors import TjugoError
from tjugo.rate import Bucket
from tjugo.sta_tables import sample_in_use
from tjugo.station.registry.lab import use_key
from tjugo.station.station import Station
from tjugo.sts import lab
from tjugo.sts.describe import token_digits
from tjugo.sts.explain import DecoderKey, Explanation, Sale, explain_sale
from tjugo.sts.explain.key import KeyQuestion, of_meter
from tjugo.sts.explain.sale import minute_of, parse_moment, parse_units
from tjugo.web.api.fields import RequestBody, Whole
from tjugo.web.api.register import RegisterBody
from tjugo.web.current import actor
from tjugo.web.errors import ANSWERS

BURST = 30  # flips of a person who searches
REFILL_S = 2.0
_Bits = Annotated[list[int], Field(default_factory=list, max_length=66)]


class KeyBody(RegisterBody):
    """A key in the form of KeyQuestion: key, or vk with pan or drn, in hex and digits."""

    key: str = Field("", max_length=100)
    vk: str = Field("", max_length=100)
    pan: str = Field("", max_length=40)
    drn: str = Field("", max_length=40)
    variant: str | None = Field(None, max_length=40)


class SaleBody(RequestBody):
    """A sale to explain; time (UTC) and rnd default to the station's, tid replaces time."""

    amount: str = Field(max_length=40)
    subclass: Annotated[Whole, Field(ge=0, le=7)] = 0
    time: str = Field("", max_length=40)
    tid: Annotated[Whole, Field(ge=1, le=0xFFFFFF)] | None = None
    rnd: Annotated[Whole, Field(ge=0, le=15)] | None = None


class LabBody(RequestBody):
    """A token or a sale; a key, the DRN of a registered meter, or neither; bits to flip."""

    token: str | None = Field(None, max_length=60)
    sale: SaleBody | None = None
    key: KeyBody | None = None
    meter: str | None = Field(None, max_length=40)
    mfr: Annotated[Whole, Field(ge=0, le=9999)] = 0
    token_bits: _Bits
    clear_bits: _Bits
    repair: bool = False
    rounds: bool = False


class Effect(BaseModel):
    """The effect of flipped bits: the bits that differ, and the result before."""

    model_config = ConfigDict(extra="forbid")

    sentences: list[str]
    token_bits: list[int]
    cipher_bits: list[int]
    clear_bits: list[int]
    result: str | None


class LabAnswer(BaseModel):
    """The digits before any flip, the explanation after it, and the effect of the flips."""

    base: str
    now: Explanation
    effect: Effect | None


class MeterKeys:
    """The keys of registered meters, for the lab. allowed: on this station; monotonic: seconds."""

    def __init__(
        self, station: Station, allowed: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._station = station
        self._allowed = allowed
        self._monotonic = monotonic
        self._bucket = Bucket(1 / REFILL_S, BURST)
        self._lock = threading.Lock()  # requests run in several threads

    def of(self, drn: str) -> DecoderKey:
        """Return the hidden key of a meter, after its use is recorded. Raise TjugoError, or
        HTTPException when it is not permitted on this station or requested too often."""
        if not self._allowed:
            raise HTTPException(
                403,
                "The token lab of this station does not use the keys of registered meters: "
                "`tjugo station --lab` lets it.",
            )
        with self._lock:
            allowed = self._bucket.take(self._monotonic())
        if not allowed:
            raise HTTPException(
                429, f"Keys of registered meters are used too often; wait {REFILL_S:.0f} seconds."
            )
        with self._station.work(actor()) as work:
            config = use_key(work, drn)
        return of_meter(config, self._station.backend.decoder_key(config))


def router(station: Station, keys: MeterKeys) -> APIRouter:
    """Return POST /api/v1/lab/explain."""
    routes = APIRouter(responses=ANSWERS)

    @routes.post("/api/v1/lab/explain")
    def explain(body: LabBody, response: Response) -> LabAnswer:
        """Explain a token or a sale, and the effect of flipped bits. Nothing is stored."""
        response.headers["cache-control"] = "no-store"
        return answer(station, keys, body)

    return routes


def answer(station: Station, keys: MeterKeys, body: LabBody) -> LabAnswer:
    """Return the answer of the lab. Raise TjugoError or HTTPException."""
    if (body.token is None) == (body.sale is None):
        raise TjugoError("Give a token or a sale.")
    digits = "" if body.token is None else token_digits(body.token)
    key = _key(keys, body)
    if body.rounds and key and key.ea == 7 and not sample_in_use():
        raise TjugoError("The rounds would show the licensee's tables: use `tjugo explain`.")
    experiment = lab.Experiment(tuple(body.token_bits), tuple(body.clear_bits), body.repair)
    if body.sale is not None:
        if experiment.changes():
            raise TjugoError("Bits are flipped in a token: give its digits.")
        found = explain_sale(_sale(station, body.sale, key), _needed(key), body.rounds)
        return LabAnswer(base=found.token, now=found, effect=None)
    return LabAnswer.model_validate(
        {"base": digits, **lab.run(digits, key, experiment, body.mfr, body.rounds)}
    )


def _key(keys: MeterKeys, body: LabBody) -> DecoderKey | None:
    if body.meter:
        if body.key and (body.key.key or body.key.vk):
            raise TjugoError("Give a key or a registered meter, not both.")
        return keys.of(body.meter)
    return KeyQuestion(**body.key.given()).answer() if body.key else None


def _needed(key: DecoderKey | None) -> DecoderKey:
    if key is None:
        raise TjugoError("A sale needs a key.")
    return key


def _sale(station: Station, sale: SaleBody, key: DecoderKey | None) -> Sale:
    bdt, minute = _needed(key).bdt, 0
    if sale.tid is None:
        minute = parse_moment(sale.time, bdt) if sale.time else minute_of(station.clock(), bdt)
    rnd = station.randbelow(16) if sale.rnd is None else sale.rnd
    return Sale(sale.subclass, parse_units(sale.amount, sale.subclass), minute, rnd, sale.tid)
