"""The CSV files of a batch: reading rows and writing them with their tokens."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from tjugo import drn, numbers
from tjugo.errors import TjugoError
from tjugo.sts.batch_row import COLUMNS, RESULT_COLUMNS, SECRET_COLUMNS, Habits, Request
from tjugo.sts.explain.model import grouped

# The line with the delimiter that spreadsheets write before the heading.
_SEP = re.compile(r"sep=([,;\t])\s*", re.IGNORECASE)
_STYLES = {
    ",": numbers.COMMA_FILE,
    ";": numbers.SEMICOLON_FILE,
    "\t": numbers.PEOPLE,
}
_MOST_TOKENS = 4
_LINE_BREAK = (
    "A value has a line break: a quote is not closed, and rows of the file may be in this value."
)
_T = TypeVar("_T")


@dataclass
class Row:
    """A row in processing. cells: the trimmed cells by column name."""

    cells: dict[str, str]
    request: Request | None = None
    tokens: list[str] = field(default_factory=list)
    warning: str = ""
    error: str = ""


@dataclass(frozen=True)
class Form:
    """The form of a file: delimiter, byte order mark, and a first line with the delimiter.

    A spreadsheet that wrote a byte order mark or this line needs it to read the result.
    """

    delimiter: str = ","
    mark: bool = False
    names_delimiter: bool = False


class Source:
    """A batch open for reading, used as a context manager.

    The file is UTF-8 with or without a byte order mark; the delimiter is the comma, semicolon or
    tab in the heading or in a line `sep=;` before it. Raise TjugoError (status 2) unless the
    heading is that of a batch. `form` is the form for the result.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as raw:
                mark = raw.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
            self._file = path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            raise TjugoError(f"{path} cannot be read: {error.strerror}.", 2) from error
        try:
            heading = self._guarded(self._file.readline)
            named = _SEP.fullmatch(heading)
            self._heading_lines = 2 if named else 1
            if named:
                heading = self._guarded(self._file.readline)
            self.delimiter = named[1] if named else max(_STYLES, key=heading.count)
            self.form = Form(self.delimiter, mark, named is not None)
            cells = next(csv.reader([heading], delimiter=self.delimiter), [])
            self.columns = _without_empty_end([name.strip() for name in cells])
            _check_columns(self.columns, path)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not empty. Raise TjugoError (status 2) at a damaged row."""
        reader = csv.reader(self._file, delimiter=self.delimiter, strict=True)
        while True:
            line = self._heading_lines + reader.line_num + 1
            try:
                cells = self._guarded(lambda: next(reader, None))
            except csv.Error as error:
                raise TjugoError(
                    f"{self.path}, line {line}: {error}. Is a quote not closed?", 2
                ) from None
            if cells is None:
                return
            if any(cells):
                yield self._row([cell.strip() for cell in cells])

    def _guarded(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except OSError as error:
            raise TjugoError(f"{self.path} cannot be read: {error.strerror}.", 2) from error
        except UnicodeDecodeError:
            raise TjugoError(f"{self.path} is not a CSV file in UTF-8.", 2) from None

    def _row(self, cells: list[str]) -> Row:
        row = Row(dict(zip(self.columns, cells, strict=False)))
        if any(cells[len(self.columns) :]):
            row.error = "The row has more cells than the heading."
        if any("\n" in cell or "\r" in cell for cell in cells):
            row.error = _LINE_BREAK
        return row


def _without_empty_end(cells: list[str]) -> list[str]:
    """Return the cells up to the last non-empty one: spreadsheets pad rows on the right."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _check_columns(columns: Sequence[str], path: Path) -> None:
    if not any(columns):
        raise TjugoError(f"{path} has no heading: its first line names the columns.", 2)
    for number, name in enumerate(columns, 1):
        if not name:
            raise TjugoError(f"{path}: column {number} has no name.", 2)
        if name not in COLUMNS:
            raise TjugoError(f"{path} has a column {name!r}, which is not one of a batch.", 2)
        if columns.count(name) > 1:
            raise TjugoError(f"{path} has two columns {name!r}.", 2)


def count_rows(path: Path) -> int:
    """Return the number of rows of a batch. Raise TjugoError if the file is not a batch."""
    with Source(path) as source:
        return sum(1 for _ in source.rows())


def habits_of(path: Path) -> Habits:
    """Return how numbers are written in a batch; read all its rows. Raise TjugoError for a file
    that is not a batch."""
    with Source(path) as source:
        long_drns = "drn" in source.columns and any(
            len(drn.digits(row.cells.get("drn", ""))) > drn.SHORT for row in source.rows()
        )
        return Habits(_STYLES[source.delimiter], long_drns)


def writer(out: BinaryIO, columns: Sequence[str], form: Form) -> Callable[[Iterable[Row]], None]:
    """Write the heading. Return a function that writes rows.

    The columns are those read, except keys and earlier results, then TID, the meter number if it
    was not as written, tokens, warning and error.
    """
    given = [name for name in columns if name not in (*SECRET_COLUMNS, *RESULT_COLUMNS)]
    kept = given if "tid" in given else [*given, "tid"]

    def put(lines: Iterable[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=form.delimiter).writerows(lines)
        out.write(text.getvalue().encode())

    if form.mark:
        out.write(codecs.BOM_UTF8)
    if form.names_delimiter:
        out.write(f"sep={form.delimiter}\r\n".encode())
    put([[*kept, *RESULT_COLUMNS]])
    return lambda rows: put(_line(row, kept) for row in rows)


def _line(row: Row, columns: Sequence[str]) -> list[str]:
    cells = row.cells
    if row.tokens and row.request and row.request.tid is not None:
        cells = {**cells, "tid": str(row.request.tid)}
    meter = row.request.question.drn if row.request else ""
    read_as = meter if meter != drn.digits(cells.get("drn", "")) else ""
    # In groups, so that spreadsheets do not read a token as a number and round it.
    tokens = [grouped(digits) for digits in row.tokens]
    tokens += [""] * (_MOST_TOKENS - len(tokens))
    return [*(cells.get(name, "") for name in columns), read_as, *tokens, row.warning, row.error]
