"""Import and export over /api/v1: a file is the body of the request or of the response."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from tjugo.errors import reason
from tjugo.station.registry import datasets, exports, record
from tjugo.station.registry.imports import service
from tjugo.station.registry.imports.service import Report
from tjugo.station.station import Station
from tjugo.web.current import actor, may

_PAIR = "FIELD=TEXT"
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {kind.partition(";")[0]: {} for kind in exports.FORMATS.values()},
    }
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file: CSV, XLSX or JSON lines.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    }
}
_Pairs = Annotated[list[str], Query(max_length=60)]


class Outcome(BaseModel):
    """The outcome of an import as a sentence, and the report."""

    sentence: str = Field(examples=["997 of 1000 rows imported, 3 with problems."])
    report: Report


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of import and export."""

    @api.post("/imports", openapi_extra=_BODY)
    async def post_import(
        request: Request,
        name: Annotated[str, Query(max_length=100)] = "upload",
        columns: Annotated[_Pairs, Query(alias="map", description=f"{_PAIR}: a header.")] = [],  # noqa: B006
        values: Annotated[_Pairs, Query(alias="set", description=f"{_PAIR}: a default.")] = [],  # noqa: B006
        sheet: Annotated[str | None, Query(max_length=100)] = None,
        dates: Annotated[str | None, Query(description="dmy or mdy.", max_length=3)] = None,
        dry_run: bool = False,
        by_row: bool = False,
        update: bool = False,
    ) -> Outcome:
        """Import customers, meters, links, sites and balances. Without by_row nothing is written
        when a row has a problem; the report names each."""
        options = service.Options(
            columns=[_pair(text) for text in columns],
            values=dict(_pair(text) for text in values),
            sheet=sheet,
            dates=dates,
            dry_run=dry_run,
            by_row=by_row,
            update=update,
            money=may("ledger.post"),
        )
        content = await request.body()
        report = await run_in_threadpool(service.run, station, actor(), name, content, options)
        return Outcome(sentence=report.sentence(), report=report)

    @api.get("/exports/{name}", response_class=StreamingResponse, responses=_FILES)
    def get_export(
        name: str,
        form: Annotated[
            str, Query(alias="format", description=", ".join(exports.FORMATS))
        ] = "csv",
        digits: Annotated[bool, Query(description="Tokens with their digits.")] = False,
    ) -> StreamingResponse:
        """Return a dataset as a file."""
        datasets.dataset(name)
        exports.check_format(form)
        with station.work(actor()) as work:
            secret = ", with digits" if digits and name == "tokens" else ""
            record.changed(work, record.EXPORT, f"export {name}", f"{form}{secret}")

        def parts() -> Iterator[bytes]:
            with station.view() as view:
                yield from exports.parts(view, name, form, digits)

        disposition = {"content-disposition": f'attachment; filename="{name}.{form}"'}
        return StreamingResponse(parts(), 200, disposition, exports.FORMATS[form])


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise reason("mapping_invalid", f"{text[:40]!r} is not {_PAIR}.")
    return name, value
