"""Export of everything, row by row: CSV, XLSX and JSON lines. The registry's own files can be
imported into an empty station (tjugo.station.registry.imports) and give the same registry."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from tjugo.errors import reason
from tjugo.station.registry.dataset_queries import Row
from tjugo.station.registry.datasets import columns, rows
from tjugo.station.registry.imports.neutral import neutral
from tjugo.station.work import View

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
}
"""Formats, with their media types."""
_PART = 1000
_XLSX_ROWS = 1_000_000  # of a sheet, which has at most 1,048,576
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def check_format(form: str) -> None:
    """Raise TjugoError unless the format is one of FORMATS."""
    if form not in FORMATS:
        raise reason("export_unknown", f"There is no format {form[:20]!r}: {', '.join(FORMATS)}.")


def parts(view: View, name: str, form: str, with_secret: bool = False) -> Iterator[bytes]:
    """Return the file in parts. form: one of FORMATS. Raise TjugoError."""
    check_format(form)
    heads, found = columns(name, with_secret), rows(view, name, with_secret)
    if form == "csv":
        return _csv(heads, found)
    if form == "jsonl":
        return _json_lines(heads, found)
    return _xlsx(heads, found)


def text(value: Any) -> str:
    """Return a value as a file has it: moments in UTC, amounts with a decimal point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _csv(heads: list[str], found: Iterator[Row]) -> Iterator[bytes]:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(heads)
    yield b"\xef\xbb\xbf"  # without this mark Excel takes it for the old code page
    for number, row in enumerate(found, 1):
        writer.writerow([neutral(text(value)) for value in row])
        if number % _PART == 0:
            yield file.getvalue().encode()
            file.seek(0)
            file.truncate()
    yield file.getvalue().encode()


def _json_lines(heads: list[str], found: Iterator[Row]) -> Iterator[bytes]:
    for row in found:
        values = {
            head: value if value is None or isinstance(value, int) else text(value)
            for head, value in zip(heads, row, strict=True)
        }
        yield f"{json.dumps(values, ensure_ascii=False)}\n".encode()


def _xlsx(heads: list[str], found: Iterator[Row]) -> Iterator[bytes]:
    # A workbook is only complete at its end; it is written to a file, not to memory.
    import tempfile

    with tempfile.TemporaryFile() as file:
        write_xlsx(file, heads, found)
        file.seek(0)
        while part := file.read(65536):
            yield part


def write_xlsx(file: BinaryIO, heads: list[str], found: Iterator[Row]) -> None:
    """Write a workbook. Texts stay texts: no number loses its leading zeros, no text becomes a
    formula."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    page = None
    for number, row in enumerate(found):
        if number % _XLSX_ROWS == 0:
            page = book.create_sheet(f"{number // _XLSX_ROWS + 1}")
            page.append(heads)
        assert page is not None
        page.append([_xlsx_value(value) for value in row])
    if page is None:
        book.create_sheet("1").append(heads)
    book.save(file)


def _xlsx_value(value: Any) -> Any:
    if value is None or isinstance(value, int | Decimal):
        return value
    return neutral(_NOT_XML.sub("", text(value))) or None
