"""Import of customers, meters, links, sites and opening balances from a file."""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tjugo.errors import reason
from tjugo.station import days
from tjugo.station.keys.backend import TokenBackend
from tjugo.station.registry.imports import known as known_rows
from tjugo.station.registry.imports import sheet as sheets
from tjugo.station.registry.imports import values
from tjugo.station.registry.imports.fields import ColumnMap, field_named, mapped
from tjugo.station.registry.imports.plan import plan
from tjugo.station.registry.imports.planned import Plan
from tjugo.station.registry.imports.rows import Row, parsed
from tjugo.station.registry.imports.write import recorded, summary, write
from tjugo.station.station import Station
from tjugo.station.work import View

ORDERS = ("dmy", "mdy")


@dataclass(frozen=True)
class Options:
    """How to import.

    columns: pairs of field and header, column letter or number (from 0 on); values: a text by
    field for empty cells; by_row: rows with problems are left out, otherwise nothing is imported;
    update: data that differ from the station's are changed; dates: dmy or mdy where a date has two
    readings; dry_run: nothing is written; money: debts and credits may be posted.
    """

    columns: Sequence[tuple[str, str | int]] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    by_row: bool = False
    update: bool = False
    dates: str | None = None
    dry_run: bool = False
    money: bool = True


@dataclass(frozen=True)
class RowReport:
    """What is wrong with a row of the file, or how its numbers were read: a sentence each."""

    row: int
    sentences: list[str]


@dataclass(frozen=True)
class Report:
    """The outcome of an import, rows in the file's order. rows: with content; imported: rows that
    are written (or would be, without the dry run); counts: what was made, by kind; columns: header
    by field; ignored: headers that no field has; problems: by row; read_as: repaired numbers."""

    rows: int
    imported: int
    written: bool
    dry_run: bool
    counts: dict[str, int]
    columns: dict[str, str]
    ignored: list[str]
    problems: list[RowReport]
    read_as: list[RowReport]

    def sentence(self) -> str:
        """Return the outcome as a sentence."""
        wrong = len(self.problems)
        rows = f"{self.rows} row{'' if self.rows == 1 else 's'}"
        bad = f"{wrong} with problems" if wrong else "none with problems"
        if self.dry_run:
            return f"Dry run: {rows}, {bad}; {self.imported} would be imported."
        if not self.written:
            return f"Nothing is imported: {rows}, {bad}."
        return f"{self.imported} of {rows} imported, {bad}."


def run(station: Station, actor: str, name: str, content: bytes, options: Options) -> Report:
    """Import a file; return the report. name: of the file, for the audit. Raise TjugoError when
    the file or the mapping cannot be used at all."""
    if options.dates not in (None, *ORDERS):
        raise reason("mapping_invalid", "The order of dates is dmy or mdy.")
    sheet = sheets.read(content, options.sheet)
    mapping = mapped(sheet, options.columns)
    if not options.money and {"debt", "credit"} & set(mapping.columns):
        raise reason(
            "not_permitted",
            "The file has opening balances, which you may not post: leave their columns out.",
        )
    defaults = {field_named(key): value for key, value in options.values.items()}
    with station.view() as view:
        rows = parsed(sheet, mapping, _context(view, sheet, station, options), defaults)
        if options.dry_run:
            made, bad = _planned(view, station.backend, rows, station, options)
            return _report(rows, made, bad, mapping, options, written=False)
    with station.work(actor) as work:
        made, bad = _planned(work, work.backend, rows, station, options)
        written = not bad or (options.by_row and len(bad) < len(rows))
        if written:
            write(work, made)
            recorded(work, name, hashlib.sha256(content).hexdigest(), made)
    if written:
        station.count_rows()  # a file can make the tables of a new station a thousand times larger
    return _report(rows, made, bad, mapping, options, written)


@dataclass(frozen=True)
class Column:
    """A column of a file: its header, its first values, and the field that it has, or None."""

    header: str
    samples: list[str]
    field: str | None


def outline(content: bytes, options: Options) -> list[Column]:
    """Return the columns of a file as they are mapped. Raise TjugoError."""
    sheet = sheets.read(content, options.sheet)
    mapping = mapped(sheet, options.columns)
    fields = {place: name for name, place in mapping.columns.items()}
    heads = sheet.rows[mapping.first - 1][1]
    rows = [cells for _, cells in sheet.rows[mapping.first : mapping.first + 3]]
    width = max(map(len, (heads, *rows)))
    texts = [[cells[at].text if at < len(cells) else "" for at in range(width)] for cells in rows]
    return [
        Column(
            heads[at].text if at < len(heads) else "", [row[at] for row in texts], fields.get(at)
        )
        for at in range(width)
    ]


def _context(
    view: View, sheet: sheets.Sheet, station: Station, options: Options
) -> values.Context:
    tenant = view.tenant
    return values.Context(
        sheet.style, tenant.currency, days.zone(view), station.clock(), options.dates
    )


def _planned(
    view: View, backend: TokenBackend, rows: list[Row], station: Station, options: Options
) -> tuple[Plan, dict[int, list[str]]]:
    """Return the plan and the problems by row. With by_row the plan is that of the rows without
    problems: a row that needs one with a problem has one too."""
    known = known_rows.load(view, rows)
    bad: dict[int, list[str]] = {row.number: list(row.problems) for row in rows if row.problems}
    good = [row for row in rows if row.values or not row.problems]
    while True:
        made = plan(good, copy.deepcopy(known), backend, station.clock(), options.update)
        for number, sentences in made.problems.items():
            bad.setdefault(number, []).extend(s for s in sentences if s not in bad[number])
        left = [row for row in good if row.number not in bad]
        if not options.by_row or len(left) == len(good):
            return made, bad
        good = left


def _report(
    rows: list[Row],
    made: Plan,
    bad: dict[int, list[str]],
    mapping: ColumnMap,
    options: Options,
    written: bool,
) -> Report:
    can = len(rows) - len(bad) if options.by_row or not bad else 0
    read_as: dict[int, list[str]] = {}
    for number, sentence in made.read_as:
        read_as.setdefault(number, []).append(sentence)
    return Report(
        rows=len(rows),
        imported=can,
        written=written,
        dry_run=options.dry_run,
        counts=summary(made) if can else {},
        columns=mapping.headers,
        ignored=mapping.ignored,
        problems=[RowReport(number, bad[number]) for number in sorted(bad)],
        read_as=[RowReport(number, read_as[number]) for number in sorted(read_as)],
    )
