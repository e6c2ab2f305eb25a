"""The page of exports: each dataset as a file."""

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from tjugo.station.registry import datasets, exports
from tjugo.station.station import Station


def add_routes(routes: APIRouter, _station: Station, templates: Jinja2Templates) -> None:
    """Add /exports, which links the files of /api/v1/exports."""

    @routes.get("/exports")
    def get(request: Request) -> Response:
        context = {
            "datasets": datasets.DATASETS,
            "formats": list(exports.FORMATS),
            "importable": datasets.IMPORTABLE,
        }
        return templates.TemplateResponse(request, "exports.html", context)
