"""A bare endpoint on the station's server: each POST is one durable insert of one row.

    python -m tjugo.benchmarks.bare WORKERS FILE|ADDRESS

It is what the rate of sales is compared with: the same web server, framework and database, and
nothing else. The address is printed like that of a station.
"""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from fastapi import FastAPI
from pydantic import BaseModel

from tjugo.web.serve import WebServer, listen, url_of
from tjugo.web.workers import Worker, Workers

_TABLE = "CREATE TABLE IF NOT EXISTS bare (number BIGINT NOT NULL, text VARCHAR(20) NOT NULL)"

Insert = Callable[[int, str], None]


class Row(BaseModel):
    """The body of a request."""

    number: int
    text: str


def _sqlite(path: str) -> Insert:
    """Return a function that inserts with one connection, one caller at a time."""
    connection = sqlite3.connect(path, check_same_thread=False, timeout=60, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(_TABLE)
    turn = threading.Lock()

    def insert(number: int, text: str) -> None:
        with turn:
            connection.execute("INSERT INTO bare VALUES (?, ?)", (number, text))

    return insert


def _postgres(url: str) -> Insert:
    """Return a function that inserts with a connection for each thread."""
    own = threading.local()

    def insert(number: int, text: str) -> None:
        if not hasattr(own, "connection"):
            own.connection = psycopg.connect(url, autocommit=True)
        own.connection.execute("INSERT INTO bare VALUES (%s, %s)", (number, text))

    return insert


def _app(insert: Insert) -> FastAPI:
    app = FastAPI()

    @app.post("/insert")
    def post(row: Row) -> dict[str, Any]:
        insert(row.number, row.text)
        return {"number": row.number}

    return app


def main(workers: int, database: str) -> None:
    """Serve until a signal."""
    on_server = database.startswith("postgres")
    if on_server:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(_TABLE)

    def serve(worker: Worker) -> None:
        insert = _postgres(database) if on_server else _sqlite(database)
        server = WebServer(_app(insert), sock, share=worker.share if workers > 1 else None)

        async def run() -> None:
            gone = asyncio.Event()
            asyncio.get_running_loop().add_reader(worker.alive, gone.set)
            serving = asyncio.create_task(server.run())
            await gone.wait()
            await server.stop(serving)

        asyncio.run(run())

    with listen(0) as sock:
        print(f"The endpoint is at {url_of(sock)}", flush=True)
        Workers(workers, serve).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
