"""The CSV files of a batch: reading rows, writing them back with their tokens."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from tjugo import drn, numbers
from tjugo.errors import TjugoError
from tjugo.sts.batch_row import COLUMNS, RESULT_COLUMNS, SECRET_COLUMNS, Habits, Request
from tjugo.sts.explain.model import grouped

_STYLES = {
    ",": numbers.COMMA_FILE,
    ";": numbers.SEMICOLON_FILE,
    "\t": numbers.PEOPLE,
}
_MOST_TOKENS = 4
_T = TypeVar("_T")


@dataclass
class Row:
    """A row on its way. cells: what was read, by column, trimmed."""

    cells: dict[str, str]
    request: Request | None = None
    tokens: list[str] = field(default_factory=list)
    error: str = ""


class Source:
    """A batch, open for reading. Use with `with`.

    UTF-8 with or without a mark; comma, semicolon or tab, whichever the heading has. Raises
    TjugoError (status 2) unless the heading is one of a batch.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            raise TjugoError(f"{path} cannot be read: {error.strerror}.", 2) from error
        try:
            heading = self._guarded(self._file.readline)
            self.delimiter = max(_STYLES, key=heading.count)
            cells = next(csv.reader([heading], delimiter=self.delimiter), [])
            self.columns = [name.strip() for name in cells]
            _check_columns(self.columns, path)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty. Raises TjugoError (status 2) where the file is damaged."""
        reader = csv.reader(self._file, delimiter=self.delimiter, strict=True)
        while True:
            try:
                cells = self._guarded(lambda: next(reader, None))
            except csv.Error as error:
                raise TjugoError(f"{self.path}, row {reader.line_num}: {error}.", 2) from None
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
        if len(cells) > len(self.columns):
            row.error = "The row has more cells than the heading."
        return row


def _check_columns(columns: Sequence[str], path: Path) -> None:
    if not any(columns):
        raise TjugoError(f"{path} has no heading: its first line names the columns.", 2)
    for name in columns:
        if name not in COLUMNS:
            raise TjugoError(f"{path} has a column {name!r}, which a batch does not know.", 2)
        if columns.count(name) > 1:
            raise TjugoError(f"{path} has two columns {name!r}.", 2)


def count_rows(path: Path) -> int:
    """How many rows a batch has. Raises TjugoError for a file that is none."""
    with Source(path) as source:
        return sum(1 for _ in source.rows())


def habits_of(path: Path) -> Habits:
    """Return how numbers are written in a batch; reads all its rows. Raise TjugoError for a file
    that is none."""
    with Source(path) as source:
        long_drns = "drn" in source.columns and any(
            len(drn.digits(row.cells.get("drn", ""))) > drn.SHORT for row in source.rows()
        )
        return Habits(_STYLES[source.delimiter], long_drns)


def writer(
    out: BinaryIO, columns: Sequence[str], delimiter: str
) -> Callable[[Iterable[Row]], None]:
    """A function that writes rows: the columns read, but for keys and earlier results, then TID,
    the meter number where it was not as written, tokens and error. Writes the heading at once."""
    given = [name for name in columns if name not in (*SECRET_COLUMNS, *RESULT_COLUMNS)]
    kept = given if "tid" in given else [*given, "tid"]

    def put(lines: Iterable[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter).writerows(lines)
        out.write(text.getvalue().encode())

    put([[*kept, *RESULT_COLUMNS]])
    return lambda rows: put(_line(row, kept) for row in rows)


def _line(row: Row, columns: Sequence[str]) -> list[str]:
    cells = row.cells
    if row.tokens and row.request and row.request.tid is not None:
        cells = {**cells, "tid": str(row.request.tid)}
    meter = row.request.question.drn if row.request else ""
    read_as = meter if meter != drn.digits(cells.get("drn", "")) else ""
    # In groups, so that no spreadsheet takes a token for a number and rounds it.
    tokens = [grouped(digits) for digits in row.tokens]
    tokens += [""] * (_MOST_TOKENS - len(tokens))
    return [*(cells.get(name, "") for name in columns), read_as, *tokens, row.error]
