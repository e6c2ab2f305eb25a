"""Files of spreadsheets as rows of cells: CSV, XLSX and JSON lines, as Excel and others write
them."""

import codecs
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from tjugo import foreign_json, numbers
from tjugo.errors import TjugoError, reason
from tjugo.station.registry.imports import formats, records
from tjugo.station.registry.imports.neutral import plain

TEXT, NUMBER, WRONG = "text", "number", "wrong"
MOST_ROWS = 200_000
_MOST_BYTES = 400_000_000  # of an unpacked XLSX
_EXACT_DIGITS = 15  # a spreadsheet keeps no more
_UTF16 = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# No-break spaces of several widths become spaces; marks without width vanish.
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2007\u2009"), " ") | dict.fromkeys(
    map(ord, "\ufeff\u200b\u2060\u200e\u200f"), None
)


class Cell(NamedTuple):
    """A cell. kind WRONG: it cannot be read, and the text is the end of a sentence about it."""

    text: str
    kind: str = TEXT


class Sheet(NamedTuple):
    """The rows that have a cell with content, each with its number in the file. style: how it
    writes decimals; broken: by a row's number, why its cells cannot be divided."""

    rows: list[tuple[int, list[Cell]]]
    style: numbers.Style
    broken: dict[int, str]


_Rows = Iterator[tuple[int, list[Cell], str | None]]


def read(content: bytes, sheet: str | None = None) -> Sheet:
    """Return the rows of a file. sheet: the name of a sheet of an XLSX, by default the first one
    with content. Raise TjugoError when the file cannot be read."""
    if content.startswith(b"PK"):
        rows, style = _xlsx(content, sheet), numbers.PEOPLE
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _invalid("This is an old XLS file: save it as XLSX or CSV.")
    else:
        text = decoded(content)
        if text.lstrip().startswith("{"):
            rows, style = _json_lines(text), numbers.COMMA_FILE
        else:
            rows, style = _csv(text)
    found, broken = [], {}
    for number, cells, problem in rows:
        if problem is not None:
            broken[number] = problem
        while cells and not cells[-1].text:
            cells.pop()
        if cells:
            found.append((number, cells))
        if len(found) > MOST_ROWS:
            raise _invalid(f"The file has more than {MOST_ROWS} rows: divide it.")
    if not found:
        raise _invalid("The file has no rows.")
    return Sheet(found, style, broken)


def decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16, or Windows-1252. Raise TjugoError."""
    for mark, encoding in _UTF16:
        if content.startswith(mark):
            return _decode(content, encoding)
    head = content[:1000]
    if head.count(0) > len(head) // 4:  # UTF-16 without its mark: every other byte is 0
        return _decode(content, "utf-16-be" if head[:1] == b"\0" else "utf-16-le")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decode(content, "windows-1252")


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _invalid("The file is not text: save it as CSV (UTF-8) or XLSX.") from error


def _csv(text: str) -> tuple[_Rows, numbers.Style]:
    named = re.match(r'"?sep=([;\t,|])"?\r?\n', text)  # a line for Excel, which counts as a row
    separator = named[1] if named else records.separator_of(text)
    style = {",": numbers.COMMA_FILE, ";": numbers.SEMICOLON_FILE}.get(separator, numbers.PEOPLE)
    if "\0" in text:
        raise _invalid("The file is not text: save it as CSV (UTF-8) or XLSX.")
    return _csv_rows(text, separator, bool(named)), style


def _csv_rows(text: str, separator: str, named: bool) -> _Rows:
    number = 0
    try:
        for number, record in enumerate(records.read(text, separator), 1):
            if not (named and number == 1):
                cells = [Cell(clean(plain(value.strip()))) for value in record.cells]
                yield number, cells, record.problem
    except csv.Error as error:
        raise _invalid(f"The file is not CSV: {error} (row {number + 1}).") from error


def _json_lines(text: str) -> _Rows:
    objects: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = foreign_json.loads(line)
        except ValueError as error:
            raise _invalid(f"Line {number} is not JSON.") from error
        if not isinstance(found, dict):
            raise _invalid(f"Line {number} is not a JSON object.")
        objects.append((number, found))
    names = list(dict.fromkeys(name for _, found in objects for name in found))
    yield 0, [Cell(clean(name)) for name in names], None
    for number, found in objects:
        yield number, [_json_cell(found.get(name)) for name in names], None


def _json_cell(value: Any) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, str):
        return Cell(clean(value.strip()))
    if isinstance(value, dict | list):
        return Cell("is not a text or a number", WRONG)
    return Cell(json.dumps(value), NUMBER)


def _xlsx(content: bytes, sheet: str | None) -> _Rows:
    # Slow to import, and only needed for these files.
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_BYTES:
                raise _invalid("The file is too large when it is unpacked.")
            parts = [name for name in packed.namelist() if name.startswith("xl/worksheets/")]
            formulas = any(re.search(rb"<f[ >/]", packed.read(name)) for name in parts)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        page = _page(book, sheet)
        rows: Iterable[Any] = page.iter_rows()
        if formulas:
            twin = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
            rows = zip(rows, _open(twin[page.title]).iter_rows(values_only=True), strict=False)
        for number, row in enumerate(rows, 1):
            cells, written = row if formulas else (row, ())
            yield number, _xlsx_cells(cells, written), None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise _invalid("The file is not an XLSX file, or it is damaged.") from error


def _page(book: Any, name: str | None) -> Any:
    if name is not None:
        if name not in book.sheetnames:
            listed = ", ".join(book.sheetnames)
            raise _invalid(f"There is no sheet {name[:40]!r}; the file has {listed}.")
        return _open(book[name])
    for page in book.worksheets:
        if page.sheet_state == "visible" and any(
            value not in (None, "")
            for row in _open(page).iter_rows(values_only=True)
            for value in row
        ):
            return page
    raise _invalid("The file has no rows.")


def _open(page: Any) -> Any:
    page.reset_dimensions()  # some programs write a wrong size, and the rest would be missing
    return page


def _xlsx_cells(cells: Any, written: Any) -> list[Cell]:
    found = []
    for place, cell in enumerate(cells):
        formula = written[place] if place < len(written) else None
        if cell.value is None and isinstance(formula, str) and formula.startswith("="):
            words = "is a formula without a saved value: open the file and save it once"
            found.append(Cell(words, WRONG))
        else:
            found.append(_xlsx_cell(cell.value, getattr(cell, "number_format", "General")))
    return found


def _xlsx_cell(value: Any, form: str) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int | float):
        return _number(value, form)
    if isinstance(value, datetime | date | time):
        return Cell(value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat())
    text = clean(plain(str(value).strip()))
    if text in ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"):
        return Cell(f"is the error {text} of a formula", WRONG)
    return Cell(text)


def _number(value: int | float, form: str) -> Cell:
    exact = Decimal(repr(value))
    if not exact.is_finite():
        return Cell("is not a finite number", WRONG)
    if exact == exact.to_integral_value():
        digits = f"{int(exact)}"
        if len(digits.lstrip("-")) > _EXACT_DIGITS:
            words = "lost its last digits as a number: format the column as text, write it again"
            return Cell(words, WRONG)
    else:
        exact = Decimal(f"{value:.{_EXACT_DIGITS}g}")
    shown = formats.shown(exact, form)
    return Cell(formats.SCALED, WRONG) if shown is None else Cell(shown, NUMBER)


def clean(text: str) -> str:
    """Return a text with plain spaces, on one line: lines are joined by a comma."""
    text = text.translate(_SPACES)
    if "\n" in text or "\r" in text:
        text = ", ".join(part for line in text.splitlines() if (part := line.strip(" ,\t")))
    return text.replace("\t", " ").strip()


def _invalid(sentence: str) -> TjugoError:
    return reason("file_invalid", sentence)
