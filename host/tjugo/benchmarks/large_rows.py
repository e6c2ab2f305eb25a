"""The rows of a station with many meters and sales, and their way into a database in bulk."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from sts_portable import tid
from tjugo import BUILT, search_words
from tjugo.benchmarks.station import numbered
from tjugo.station.receipts.model import Line, Receipt, Tender, Token, Utility
from tjugo.station.registry.meters import NewMeter, key_columns
from tjugo.station.storage.integrity import digest
from tjugo.station.storage.tables import Base, UtcDateTime

DAYS, OUTLETS, TARIFFS = 360, 40, 8
_PART = 20_000
_TENANT = {"tenant_id": 1}
_FILL: dict[type, Any] = {int: 0, str: "", bool: False, bytes: b""}

Row = dict[str, Any]


def write(connection: Connection, name: str, rows: Iterator[Row]) -> None:
    """Insert rows into a table: by COPY on PostgreSQL, else by its driver's executemany."""
    first = next(rows, None)
    if first is None:
        return
    columns = list(Base.metadata.tables[name].columns)
    given = [(column.name, _filler(column)) for column in columns]
    binds = [_bind(column, connection) for column in columns]

    def values(row: Row) -> list[Any]:
        found = [row.get(name, filler) for name, filler in given]
        return [
            bind(v) if bind and v is not None else v for bind, v in zip(binds, found, strict=True)
        ]

    driver: Any = connection.connection.driver_connection
    names = ", ".join(f'"{column.name}"' for column in columns)
    with_first = _chained(first, rows)
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f'COPY "{name}" ({names}) FROM STDIN') as copy:
            for row in with_first:
                copy.write_row(values(row))
        return
    marks = ", ".join("?" for _ in columns)
    statement = f'INSERT INTO "{name}" ({names}) VALUES ({marks})'
    while part := [values(row) for row in islice(with_first, _PART)]:
        driver.executemany(statement, part)


def _chained(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def _filler(column: Column[Any]) -> Any:
    """Return what a column has that a row does not name."""
    if column.nullable:
        return None
    if isinstance(column.default, ScalarElementColumnDefault):
        return column.default.arg
    if isinstance(column.type, UtcDateTime):
        return BUILT
    return _FILL.get(column.type.python_type, BUILT.date())


def _bind(column: Column[Any], connection: Connection) -> Callable[[Any], Any] | None:
    return column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)


_RECEIPT = Receipt(
    kind="credit",
    number=1,
    outlet="O00",
    operator="bench",
    at=BUILT,
    time_zone="UTC",
    currency="EUR",
    language="en",
    utility=Utility("Bench"),
    client="bench",
    client_id="s0",
    lines=(
        Line("energy", "energy", "Energy", 850, True, 125),
        Line("tax", "V", "VAT", 150, False),
    ),
    tokens=(Token("credit", "0" * 20, 125),),
    tendered=(Tender("cash", 1000),),
).to_json()
"""As long as the receipt of a sale."""


_GIVEN = "Ada Bola Chidi Dayo Efe Femi Grace Hauwa Ife Joy Kemi Lola Musa Ngozi Obi Paul".split()
_FAMILY = "Abara Bello Coker Danjuma Eze Falana Garba Hassan Idowu Jaja Kalu Lawal".split()


def _customer(number: int) -> tuple[str, str, str, list[search_words.Word]]:
    """Return account, name, phone and search words of a customer: a name of two common words and
    a rare one."""
    account, phone = f"C{number:07d}", f"+23480{number:07d}"
    family = f"{_FAMILY[number // 16 % len(_FAMILY)]}{number // 200 % 5000}"
    name = f"{_GIVEN[number % len(_GIVEN)]} {family}"
    return account, name, phone, search_words.of_customer(account, name, phone, None, ())


class Load:
    """The rows of a station with many meters and sales, table by table."""

    def __init__(self, meters: int, sales: int) -> None:
        self.drns = numbered(meters)
        self.sales = sales
        self._key = key_columns(NewMeter(self.drns[0]))
        self._step = timedelta(days=DAYS) / sales
        self._zero = tid.minutes("14", BUILT.year, BUILT.month, BUILT.day, 0, 0)

    def sold_at(self, number: int) -> datetime:
        """Return the time of a sale; they are evenly spread over DAYS days."""
        return BUILT + number * self._step

    def meters(self) -> Iterator[Row]:
        """Yield the meters."""
        for drn in self.drns:
            yield {**_TENANT, "drn": drn, "ea": 7, "tct": 2, "status": "installed"}

    def keys(self) -> Iterator[Row]:
        """Yield the meters' key registers."""
        for drn in self.drns:
            yield {**_TENANT, **self._key, "drn": drn, "phase": "current"}

    def customers(self) -> Iterator[Row]:
        """Yield a customer for each meter."""
        for n in range(len(self.drns)):
            account, name, phone, words = _customer(n)
            search = search_words.joined(words)
            yield {
                **_TENANT,
                "account_no": account,
                "name": name,
                "phone": phone,
                "search": search,
            }

    def search_words(self) -> Iterator[Row]:
        """Yield the words by which the customers are found."""
        for n in range(len(self.drns)):
            account, _, _, words = _customer(n)
            for field, word in words:
                yield {**_TENANT, "account_no": account, "field": field, "word": word}

    def links(self) -> Iterator[Row]:
        """Yield which customer each meter serves."""
        for n, drn in enumerate(self.drns):
            yield {**_TENANT, "drn": drn, "since": BUILT, "account_no": f"C{n:07d}"}

    def requests(self) -> Iterator[Row]:
        """Yield the requests of the sales."""
        for n in range(self.sales):
            at = self.sold_at(n)
            yield {
                **self._id(n),
                "drn": self._drn(n),
                "kwh": "12.5",
                "state": "token_issued",
                "created_at": at,
                "finished_at": at,
            }

    def tokens(self) -> Iterator[Row]:
        """Yield the tokens of the sales, with their check values."""
        fixed = {"bdt": "14", "token_class": 0, "subclass": 0, "ea": 7}
        fixed |= {"asked_tenths": 125, "units_tenths": 125}
        fixed |= {name: self._key[name] for name in ("sgc", "krn", "kt", "ti")}
        for n in range(self.sales):
            at = self.sold_at(n)
            number = self._zero + int((at - BUILT).total_seconds()) // 60 + 1
            row = {**fixed, **self._id(n), "drn": self._drn(n), "tid": number, "issued_at": at}
            row["digits"] = f"{n * 7919 + 10**19:020d}"
            row["check_value"] = digest(row)
            yield row

    def receipts(self) -> Iterator[Row]:
        """Yield the sales."""
        for n in range(self.sales):
            at = self.sold_at(n)
            yield {
                **self._id(n),
                "kind": "credit",
                "outlet": f"O{n % OUTLETS:02d}",
                "receipt_no": n // OUTLETS + 1,
                "operator": "bench",
                "drn": self._drn(n),
                "account_no": f"C{n % len(self.drns):07d}",
                "sold_at": at,
                "day": at.date(),
                "currency": "EUR",
                "tendered": 1000,
                "paid_tenths": 125,
                "receipt": _RECEIPT,
            }

    def day_totals(self) -> Iterator[Row]:
        """Yield the totals of each day, by outlet and account."""
        accounts = [("cash", ""), ("card", ""), ("vat", "V")]
        accounts += [("energy", f"T{n}") for n in range(TARIFFS)]
        for day in range(DAYS):
            for outlet in range(OUTLETS):
                for account, party in accounts:
                    yield {
                        **_TENANT,
                        "day": self.day(day),
                        "kind": "sale",
                        "account": account,
                        "party": party,
                        "outlet": f"O{outlet:02d}",
                        "amount": 1000,
                        "postings": self.sales // DAYS // OUTLETS,
                    }

    def name_and_phone(self, number: int) -> tuple[str, str]:
        """Return the name and the national phone number of a customer."""
        _, name, phone, _ = _customer(number)
        return name, "0" + phone.removeprefix("+234")

    def day(self, number: int) -> date:
        """Return a day by its number."""
        return (BUILT + timedelta(days=number)).date()

    def _drn(self, number: int) -> str:
        return self.drns[number % len(self.drns)]

    @staticmethod
    def _id(number: int) -> Row:
        return {**_TENANT, "client": "bench", "client_id": f"s{number}"}
