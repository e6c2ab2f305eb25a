"""The page of the Token lab; web/api/lab.py has its requests."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station

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


def router(station: Station, templates: Jinja2Templates, meters: bool) -> APIRouter:
    """Return the page at /lab. meters: the keys of registered meters may be used."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/lab")
    def page(request: Request) -> Response:
        context: dict[str, Any] = {"examples": EXAMPLES, "with_meters": meters, "meters": []}
        if meters:
            with station.view() as view:
                context["meters"] = registry_views.meters(view).items
        return templates.TemplateResponse(request, "lab.html", context)

    return routes
