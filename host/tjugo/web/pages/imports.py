"""The page of import: a file is uploaded and checked, its columns are mapped, then it is
imported."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tjugo.errors import TjugoError, reason
from tjugo.station.registry.imports import service, uploads
from tjugo.station.registry.imports.fields import FIELDS
from tjugo.station.station import Station
from tjugo.web import current
from tjugo.web.pages.forms import answer, checked

_SHOWN = 200  # problems on the page


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /import."""

    def show(request: Request, error: TjugoError | None = None, **more: Any) -> Response:
        context: dict[str, Any] = {
            "report": None,
            "columns": [],
            "upload": None,
            "file": None,
            "chosen": {},
            "fields": FIELDS,
            "shown": _SHOWN,
        }
        return answer(templates, request, "import.html", error, **(context | more))

    def run(request: Request, form: dict[str, str], content: bytes | None) -> Response:
        """Check the file, or import it; an error is shown with the form's choices."""
        name = form.get("name", "file")[:100]
        upload = form.get("upload", "")
        if content is None:
            content = uploads.load(station.state_dir, upload)
        else:
            upload = uploads.save(station.state_dir, content)
        options = _options(form)
        shown: dict[str, Any] = {"upload": upload, "file": name, "chosen": form}
        try:
            columns = service.outline(content, replace(options, columns=()))
        except TjugoError as error:
            if not options.columns:
                return show(request, error, **shown)
            columns = service.outline(content, options)
        if form.get("mapped"):
            columns = [
                replace(column, field=form.get(f"column_{at}") or None)
                for at, column in enumerate(columns)
            ]
        try:
            report = service.run(station, current.actor(), name, content, options)
        except TjugoError as error:
            return show(request, error, columns=columns, **shown)
        if report.written:
            uploads.remove(station.state_dir, upload)
            shown["upload"] = None
        return show(request, columns=columns, report=report, **shown)

    @routes.get("/import")
    def get(request: Request) -> Response:
        return show(request)

    @routes.post("/import")
    async def post(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=200) as sent:
            form = {name: value for name, value in sent.items() if isinstance(value, str)}
            file, content = sent.get("file"), None
            if isinstance(file, UploadFile):
                content = await file.read()
                form["name"] = file.filename or "file"
        try:
            checked(form)
            if content == b"" and not form.get("upload"):
                raise reason("file_invalid", "Choose a file first.")
            return await run_in_threadpool(run, request, form, content or None)
        except TjugoError as error:
            return await run_in_threadpool(show, request, error)


def _options(form: dict[str, str]) -> service.Options:
    """Return the choices of the form. A mapped form names every field: those without a column are
    left out."""
    columns: list[tuple[str, str | int]] = []
    if form.get("mapped"):
        given: dict[str, str | int] = dict.fromkeys(FIELDS, "")
        for name, field in form.items():
            at = name.removeprefix("column_")
            if name.startswith("column_") and at.isdecimal() and field in FIELDS:
                if given[field] != "":
                    title = FIELDS[field].title
                    raise reason("mapping_invalid", f"Two columns are both the {title}.")
                given[field] = int(at)
        columns = list(given.items())
    recovery = form.get("recovery", "").strip()
    return service.Options(
        columns=columns,
        values={"debt_recovery": recovery} if recovery else {},
        by_row=bool(form.get("by_row")),
        update=bool(form.get("update")),
        dates=form.get("dates") or None,
        dry_run=form.get("action") != "import",
        money=current.may("ledger.post"),
    )
