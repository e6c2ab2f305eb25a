"""PostgreSQL: connections, their settings, and errors as sentences.

Transactions are READ COMMITTED: rows that several transactions change are locked by SELECT ... FOR
UPDATE or changed by one statement, and unique keys decide between writers.
"""

import re
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InvalidatePoolError,
    OperationalError,
)
from sqlalchemy.pool import ConnectionPoolEntry

from tjugo.errors import TjugoError, Unavailable

LOCK_MS = 10_000
_USED, _FRESH_S = "used", 1.0  # when a connection was used last, in ConnectionPoolEntry.info
_CONNECT_S = 10
_UPGRADE_LOCK = 0x746A75676F  # "tjugo"

# Of libpq, where the address has none of its own. A server that vanished is noticed in 30 s.
_PARAMETERS = {
    "application_name": "tjugo",
    "client_encoding": "utf8",
    "connect_timeout": str(_CONNECT_S),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}

_GONE = "The connection to {name} was lost; ask again with the same request id."
_AGAIN = "Others change the same records in {name} at this moment; nothing was changed. Try again."
_FULL = "The server of {name} has too many connections; try again."
_STARTING = "The server of {name} starts or stops; try again."
# Anybody may send such a value: the sentence does not name the database.
_LIMITS = "A value is too long or too large, or has characters that the database cannot keep."

# https://www.postgresql.org/docs/15/errcodes-appendix.html: a code, or the first two characters
# of a class.
_SENTENCES = {
    "08": _GONE,
    "22": _LIMITS,
    "25006": "{name} is read-only.",
    "28": "{name} refuses this user or password.",
    "3D000": "{name} does not exist. Make it with `createdb`.",
    "40": _AGAIN,
    "42501": "This user may not do that in {name}.",
    "53": "The server of {name} is out of memory or other resources; nothing was changed.",
    "53100": "The disk of {name} is full; nothing was changed.",
    "53300": _FULL,
    "55P03": _AGAIN,
    "57014": "{name} took too long; nothing was changed. Try again.",
    "57P": _STARTING,
    "57P05": _GONE,
    "58": "The disk of {name} failed; nothing was changed.",
    "XX001": "{name} is damaged; restore it from a backup.",
    "XX002": "{name} is damaged; restore it from a backup.",
}

# A connection that was not made has no code, only the server's or the driver's text. Names of
# databases and roles may have any text: what the server says of them comes first.
_SILENT = "The server of {name} does not answer."
_NAME = "the station's database"  # for those who do not administer it
_PUBLIC = {_SILENT: "{name} does not answer; try again in a minute."}
_USER = "{name} refuses this user or password."
_CERTIFICATE = (
    "The certificate of the server of {name} cannot be verified: see sslmode and sslrootcert in "
    "its address."
)
_VALUE = "The address of {name} has a parameter whose value cannot be used."
_REFUSALS = (
    (r'FATAL:  database ".*" does not exist', "{name} does not exist. Make it with `createdb`."),
    (r'FATAL:  role ".*" (does not exist|is not permitted to log in)', _USER),
    (r"FATAL:  permission denied for database ", _USER),
    (r"authentication failed for user |(no|empty) password |no pg_hba\.conf entry", _USER),
    (r"too many clients|remaining connection slots|too many connections", _FULL),
    (r"the database system is (starting up|shutting down|in recovery mode)", _STARTING),
    (r"the database system is not (yet )?accepting connections", _STARTING),
    (r"does not support SSL", "The server of {name} has no TLS, which its address asks for."),
    (r"connection is bad: invalid .*(value|number)", _VALUE),
    (r"root certificate file|certificate verify failed|does not match host name", _CERTIFICATE),
    (r"FATAL:  ", "The server of {name} refuses the connection."),
    (r"connection to server|resolve host|timeout expired", _SILENT),
)


def parameters() -> set[str]:
    """Return the names of the parameters that an address may have."""
    return {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}


def open_engine(url: URL) -> Engine:
    """Return an engine for the server's database.

    With the execution option `bulk` a commit does not wait for the disk: a failure of the server
    may undo it, whole. With `migrating` a transaction waits until it is the only one of its kind.
    With `snapshot` it sees the database at one moment.
    """
    given = {name: value for name, value in _PARAMETERS.items() if name not in url.query}
    engine = create_engine(
        url,
        connect_args=given,
        hide_parameters=True,  # tokens do not belong in an error's text
        pool_size=10,
        max_overflow=60,  # more than a web server has threads: no thread waits for a connection
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: psycopg.Connection[Any], _record: Any) -> None:
        connection.execute(f"SET lock_timeout = {LOCK_MS}")
        connection.execute("SET idle_in_transaction_session_timeout = '5min'")
        connection.commit()
        # Else psycopg has the server forget all prepared statements after a rollback, those of
        # storage.server too.
        connection.prepare_threshold = None

    @event.listens_for(engine, "checkin")
    def _checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[_USED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        """Replace connections that the server has closed: no request fails after its restart. One
        that was used a moment ago is tried only if there is something to receive, the end of the
        connection: to try it takes as long as a statement."""
        idle = time.monotonic() - record.info.get(_USED, time.monotonic())
        if idle > _FRESH_S or _readable(connection):
            try:
                engine.dialect.do_ping(connection)
            except psycopg.Error as error:
                raise InvalidatePoolError from error

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("snapshot"):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if options.get("migrating"):
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
        if options.get("bulk"):
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    return engine


def _readable(connection: psycopg.Connection[Any]) -> bool:
    """Return whether there is something to receive from the server that nobody has asked for."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


# Those that have doubled since they were counted last, and those that never were.
_GROWN = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
AND pg_relation_size(c.oid) >=
    2 * greatest(c.relpages, 1)::bigint * current_setting('block_size')::integer
"""


def count_rows(engine: Engine) -> None:
    """Have the server collect the statistics of the tables that have doubled. It does so itself,
    but a minute late: until then it keeps the plans for the empty tables of a new station, by
    which each sale takes longer than the one before."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in connection.exec_driver_sql(_GROWN).scalars().all():
            connection.exec_driver_sql(f"ANALYZE {table}")


_TABLES = """
SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f')
"""


def tables(connection: Connection) -> set[str]:
    """Return the names of the tables where a station's are made, whosever they are."""
    return set(connection.exec_driver_sql(_TABLES).scalars())


@contextmanager
def sentences(name: str) -> Iterator[None]:
    """Convert errors of the server and of connections to TjugoError. name: of the database, as in
    a sentence."""
    try:
        yield
    except IntegrityError as error:
        # Where SQLite's writers wait for their turn, another transaction was first here.
        if _code(error) == "23505":
            raise _error(_AGAIN, name) from error
        raise
    except (DBAPIError, psycopg.Error) as error:
        sentence = _sentence_of(error)
        if sentence is None:
            raise
        raise _error(sentence, name) from error


def _error(form: str, name: str) -> TjugoError:
    kind = TjugoError if form is _LIMITS else Unavailable
    return kind(_sentence(form, name), public=_sentence(_PUBLIC.get(form, form), _NAME))


def _sentence(form: str, name: str) -> str:
    text = form.format(name=name)
    return text[:1].upper() + text[1:]


def _code(error: BaseException) -> str | None:
    original = error.orig if isinstance(error, DBAPIError) else error
    return getattr(original, "sqlstate", None)


def _sentence_of(error: DBAPIError | psycopg.Error) -> str | None:
    code = _code(error)
    if code is not None:
        found = (_SENTENCES.get(code[:length]) for length in (5, 3, 2))
        return next(filter(None, found), None)
    text = str(error.orig if isinstance(error, DBAPIError) else error)
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        if isinstance(error.orig, psycopg.DataError):  # of the driver: a NUL in a text
            return _LIMITS
        if not isinstance(error, OperationalError | InterfaceError):
            # The driver itself reads some parameters of the address.
            return _VALUE if text.startswith("bad value for ") else None
    elif not isinstance(error, DBAPIError | psycopg.OperationalError):
        return None
    return next((one for form, one in _REFUSALS if re.search(form, text)), _GONE)
