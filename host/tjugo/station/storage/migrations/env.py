"""Alembic environment.

Run by tjugo.station.storage.engine with a connection inside a transaction; from the `alembic`
command (to write a new revision) with `-x db=FILE`.
"""

from alembic import context
from sqlalchemy import Connection

from tjugo.station.storage.tables import Base


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    _run(connection)
else:
    from pathlib import Path

    from tjugo.station.storage.engine import open_engine

    with open_engine(Path(context.get_x_argument(as_dictionary=True)["db"])).begin() as own:
        _run(own)
