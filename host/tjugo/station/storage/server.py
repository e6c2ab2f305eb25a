"""Statements to a PostgreSQL server that are not waited for one by one: libpq's pipeline mode.

https://www.postgresql.org/docs/15/libpq-pipeline-mode.html. psycopg has a pipeline too, but a
statement of its cursors takes 45 us of the processor, where this takes 5; a batch of sales has
thirty. Values and rows are converted by psycopg, as its cursors do it.
"""

import re
import select
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer

_PREPARED = 200  # statements of a connection; the server does not keep more of them
_PARAMETER = re.compile(r"%(?:%|s|\((\w+)\)s)")

_Kind = Enum("_Kind", ("BEGIN", "PREPARE", "EXECUTE"))
Key = tuple[str, tuple[int, ...]]  # the text of a statement, and the types of its values


@lru_cache(maxsize=512)
def _numbered(text: str) -> tuple[bytes, list[str]]:
    """Return a text with %s or %(name)s as libpq takes it, with $1, and the names in order."""
    names: list[str] = []
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            count += 1
            return f"${count}"
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _PARAMETER.sub(number, text).encode(), names


class Server:
    """The statements of one connection. Between `begin` and `end` nothing else may use it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pq = connection.pgconn
        self._convert = Transformer(connection)
        self._names: dict[Key, bytes] = {}  # of the statements that the server has prepared
        self._preparing: dict[Key, bytes] = {}
        self._number = 0
        self._sent: list[_Kind] = []  # what the server will answer, in order
        self.open = False

    def begin(self) -> None:
        """Begin to send statements, in a transaction. Raise psycopg.Error."""
        idle = self._pq.transaction_status == pq.TransactionStatus.IDLE
        self._pq.enter_pipeline_mode()
        self.open = True
        if idle and not self._connection.autocommit:
            level = self._connection.isolation_level
            isolation = "" if level is None else f" ISOLATION LEVEL {level.name.replace('_', ' ')}"
            self._pq.send_query_params(f"BEGIN{isolation}".encode(), None)
            self._sent.append(_Kind.BEGIN)

    def send(self, text: str, values: Sequence[Any] | Mapping[str, Any]) -> None:
        """Have a statement sent, at the latest by `answers`, which raises its error."""
        query, names = _numbered(text)
        given = [values[name] for name in names] if isinstance(values, Mapping) else values
        convert = self._convert
        dumped = convert.dump_sequence(given, [PyFormat.AUTO] * len(given))
        types = convert.types or ()
        name = self._prepared((text, types), query)
        if name is None:
            self._pq.send_query_params(query, dumped, types, convert.formats)
        else:
            self._pq.send_query_prepared(name, dumped, convert.formats)
        self._sent.append(_Kind.EXECUTE)

    def flush(self) -> None:
        """Let the server begin with the statements, while the program makes others."""
        self._pq.flush()  # what does not fit into the socket is sent by `answers`

    def _prepared(self, key: Key, query: bytes) -> bytes | None:
        """Return the name of a prepared statement, None if there are enough of them."""
        name = self._names.get(key) or self._preparing.get(key)
        if name is None and self._number < _PREPARED:
            self._number += 1
            name = self._preparing[key] = b"tjugo_%d" % self._number
            self._pq.send_prepare(name, query, key[1])
            self._sent.append(_Kind.PREPARE)
        return name

    def answers(self) -> list[Any]:
        """Return the results of all statements since the last call, once the server has executed
        them. Raise psycopg.Error of the first one that failed: none after it was executed."""
        if not self._sent:
            return []
        self._pq.pipeline_sync()
        found, failed = [], None
        preparing = iter(self._preparing.items())
        for kind in self._sent:
            result = self._result()
            self._pq.get_result()  # None, the end of the results of a statement
            good = result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
            failed = failed or (None if good else result)
            if kind is _Kind.EXECUTE:
                found.append(result)
            elif kind is _Kind.PREPARE:
                key, name = next(preparing)
                if good:
                    self._names[key] = name
        self._result()  # of the synchronization
        self._sent.clear()
        self._preparing.clear()
        if failed is not None:
            raise psycopg.errors.error_from_result(failed, self._connection.info.encoding)
        return found

    def rows(self, result: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a result."""
        self._convert.set_pgresult(result)
        return self._convert.load_rows(0, result.ntuples, tuple)

    def columns(self, result: Any) -> list[str]:
        """Return the names of the columns of a result."""
        return [(result.fname(place) or b"").decode() for place in range(result.nfields)]

    def end(self) -> None:
        """Leave the connection to others, after what was sent was executed: with an error that
        nobody asked for, the block around it has failed already."""
        with suppress(psycopg.Error):
            self.answers()
        self._sent.clear()
        self._preparing.clear()
        self.open = False
        if self._pq.status == pq.ConnStatus.OK:
            self._pq.exit_pipeline_mode()

    def _result(self) -> Any:
        """Return the next result, once it is there. Raise psycopg.Error."""
        while (unsent := self._pq.flush()) or self._pq.is_busy():
            ready = select.poll()
            ready.register(self._pq.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            ready.poll()
            self._pq.consume_input()
        result = self._pq.get_result()
        if result is None:
            raise psycopg.OperationalError("the connection is lost")
        return result
