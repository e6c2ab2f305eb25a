"""The Token lab: its page, and the explanations it asks for.

What is typed there, keys above all, is worked with and forgotten: nothing is stored, logged or
repeated in an error, and no answer may be kept by the browser.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict, Field

from tjugo.errors import TjugoError
from tjugo.sta_tables import sample_in_use
from tjugo.station.registry import views as registry_views
from tjugo.station.registry.meters import config_of
from tjugo.station.station import Station
from tjugo.sts import lab
from tjugo.sts.describe import token_digits
from tjugo.sts.explain import DecoderKey, Sale, explain_sale
from tjugo.sts.explain.key import KeyQuestion, of_meter
from tjugo.sts.explain.sale import minute_of, parse_moment, parse_units

# Published keys and tokens of the STS test cases; the class 1 token is printed in meter manuals.
_TEST = {"pan": "600727000000000009", "kt": 2, "krn": 1, "ti": 1, "bdt": "93"}
_VK02 = {**_TEST, "vk": "abababababababab", "dkga": "02", "sgc": 123456, "ea": 7}
_VK04 = {
    **_TEST,
    "vk": "abababababababab949494949494949401234567",
    "dkga": "04",
    "sgc": 123457,
    "ea": 11,
}
EXAMPLES: tuple[dict[str, Any], ...] = (
    {"name": "Gas credit, EA07", "token": "30887474010690906780", "key": _VK02},
    {"name": "Electricity credit, EA11", "token": "59386323472137426967", "key": _VK04},
    {"name": "Clear all credit, EA11", "token": "18070818655140104337", "key": _VK04},
    {"name": "First part of a key change", "token": "40937788669556693706", "key": _VK04},
    {"name": "Test the load switch, class 1", "token": "00000000000150997584", "key": {}},
    {"name": "Sell 20 kWh, EA07", "sale": {"amount": "20"}, "key": {**_VK02, "bdt": "14"}},
)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class KeyBody(_Body):
    """As KeyQuestion: key, or vk with pan or drn, in hex and digits."""

    key: str = Field("", max_length=100)
    vk: str = Field("", max_length=100)
    pan: str = Field("", max_length=40)
    drn: str = Field("", max_length=40)
    dkga: str = "04"
    variant: str | None = None
    ea: int = 7
    kt: int = 2
    krn: int = 1
    sgc: int = 123457
    ti: int = 1
    ken: int = 255
    bdt: str = "14"


class SaleBody(_Body):
    """A sale to explain; time (UTC) and rnd are the station's if left out, tid replaces time."""

    amount: str = Field(max_length=40)
    subclass: int = Field(0, ge=0, le=7)
    time: str = Field("", max_length=40)
    tid: int | None = Field(None, ge=1, le=0xFFFFFF)
    rnd: int | None = Field(None, ge=0, le=15)


class LabBody(_Body):
    """A token or a sale; a key, the DRN of a registered meter, or neither; bits to flip."""

    token: str | None = Field(None, max_length=60)
    sale: SaleBody | None = None
    key: KeyBody | None = None
    meter: str | None = Field(None, max_length=40)
    mfr: int = Field(0, ge=0, le=9999)
    token_bits: list[int] = Field(default_factory=list, max_length=66)
    clear_bits: list[int] = Field(default_factory=list, max_length=64)
    repair: bool = False
    rounds: bool = False


def router(station: Station, templates: Jinja2Templates) -> APIRouter:
    """The page at /lab and POST /api/v1/lab/explain."""
    routes = APIRouter()

    @routes.get("/lab", include_in_schema=False)
    def page(request: Request) -> Response:
        with station.view() as view:
            context = {"examples": EXAMPLES, "meters": registry_views.meters(view).items}
        return templates.TemplateResponse(request, "lab.html", context)

    @routes.post("/api/v1/lab/explain")
    def explain(body: LabBody, response: Response) -> dict[str, Any]:
        """The explanation, and what flipped bits changed. Keeps nothing."""
        response.headers["cache-control"] = "no-store"
        return answer(station, body)

    return routes


def answer(station: Station, body: LabBody) -> dict[str, Any]:
    """{"base": the token's digits, "now": its explanation, "effect": of the flipped bits or None}.
    Raises TjugoError."""
    if (body.token is None) == (body.sale is None):
        raise TjugoError("Give a token or a sale.")
    key = _key(station, body)
    if body.rounds and key and key.ea == 7 and not sample_in_use():
        raise TjugoError("The rounds would show the licensee's tables: use `tjugo explain`.")
    experiment = lab.Experiment(tuple(body.token_bits), tuple(body.clear_bits), body.repair)
    if body.sale is not None:
        if experiment.changes():
            raise TjugoError("Bits are flipped in a token: give its digits.")
        found = explain_sale(_sale(station, body.sale, key), _needed(key), body.rounds)
        return {"base": found.token, "now": found.as_json(), "effect": None}
    digits = token_digits(body.token or "")
    return {"base": digits, **lab.run(digits, key, experiment, body.mfr, body.rounds)}


def _key(station: Station, body: LabBody) -> DecoderKey | None:
    if body.meter:
        if body.key and (body.key.key or body.key.vk):
            raise TjugoError("Give a key or a registered meter, not both.")
        with station.view() as view:
            config = config_of(view, body.meter)
        return of_meter(config, station.backend.decoder_key(config))
    return KeyQuestion(**body.key.model_dump()).answer() if body.key else None


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
