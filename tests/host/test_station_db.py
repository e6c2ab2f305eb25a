"""The database: its schema, its settings, and what happens when something is wrong with it."""

import json
import os
import sqlite3
import stat
import subprocess
from contextlib import closing
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import UniqueConstraint
from station_kit import PYTHON, Clock, drn, environment, new_station

from tjugo.errors import NotFound, TjugoError, Unavailable
from tjugo.private_file import create_private
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.readings import views as reading_views
from tjugo.station.station import Station
from tjugo.station.storage import engine as db
from tjugo.station.storage import tables as models
from tjugo.station.vending.vend import vend
from uplink import kinds, messages

ONE = Decimal(1)


@pytest.fixture
def folder(tmp_path):
    new_station(tmp_path / "state").close()
    return tmp_path / "state"


def execute(folder, *statements):
    with closing(sqlite3.connect(folder / "station.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_the_migrations_make_what_the_models_say(folder):
    with db.open_engine(folder / "station.db").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.Base.metadata) == []
        assert db.schema_of(connection) == db.SCHEMA
    config = Config()
    config.set_main_option("script_location", str(db._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [db.SCHEMA]


OF_0003 = (
    *("power_fail_count", "power_limit_w", "krn", "kt", "ti", "sgc", "ken"),
    *("not_configured", "ledger_fault", "relay_fault", "safe_mode", "crashed"),
)


def test_the_uplinks_table_names_the_columns_that_keep_a_message():
    """Each field with a column has one of its kind, and each column is of a field."""
    python = {kinds.BOOL: bool, kinds.INTEGER: int, kinds.TEXT: str, kinds.CHOICE: bool}
    own = {"collector": {"tenant_id", "collector_id", "status_at"}}
    own["meter_reading"] = {"tenant_id", "drn", "received_at"}
    for table, keys in own.items():
        columns = models.Base.metadata.tables[table].columns
        fields = {
            column: kind
            for message, kept_in in messages.COLUMNS_OF.items()
            if kept_in == table
            for column, _, kind in messages.columns(message)
        }
        assert set(columns.keys()) - keys == set(fields)
        for column, kind in fields.items():
            found = columns[column].type
            if kind == "time":
                assert isinstance(found, models.UtcDateTime), column
            else:
                assert found.python_type is python[kinds.KINDS[kind][0]], column
            if kind == "text200":
                assert found.length == 200


def test_an_older_database_is_brought_up_to_date_with_what_it_holds(folder):
    execute(
        folder,
        "INSERT INTO collector (tenant_id, collector_id) VALUES (1, 'old')",
        "ALTER TABLE collector DROP COLUMN crash",
        "ALTER TABLE collector DROP COLUMN version",
        *(f"ALTER TABLE meter_reading DROP COLUMN {name}" for name in OF_0003),
        "ALTER TABLE meter_reading DROP COLUMN crash",
        "ALTER TABLE meter_reading DROP COLUMN fault",
        "ALTER TABLE tenant DROP COLUMN tid_floor",
        "UPDATE alembic_version SET version_num = '0001'",
    )
    with Station.open(folder) as station:
        rows = {row["collector"]: row for row in reading_views.collectors(station)}
    assert rows["old"]["crash"] is None
    test_the_migrations_make_what_the_models_say(folder)


def test_the_tenant_comes_first_in_every_key():
    for table in models.Base.metadata.tables.values():
        keys = [table.primary_key, *table.indexes, *table.foreign_key_constraints]
        keys += [c for c in table.constraints if isinstance(c, UniqueConstraint)]
        for key in keys:
            assert next(iter(key.columns)).name == "tenant_id", (table.name, key)


def test_sqlite_is_set_up_for_money(folder):
    with db.open_engine(folder / "station.db").connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_what_is_secret_is_private(folder):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes["station.db"] == modes["vending_keys.json"] == 0o600
    assert set(modes.values()) == {0o600}


def test_no_station(tmp_path):
    with pytest.raises(NotFound, match="tjugo init"):
        Station.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(TjugoError, match="is a file"):
        Station.open(tmp_path / "state", create=True)


def test_creating_again_changes_nothing(folder):
    keys = (folder / "vending_keys.json").read_bytes()
    Station.open(folder, create=True).close()
    assert (folder / "vending_keys.json").read_bytes() == keys


def test_two_installations_do_not_share_the_dkga04_key(folder, tmp_path):
    new_station(tmp_path / "other").close()
    one, two = ((f / "vending_keys.json").read_text() for f in (folder, tmp_path / "other"))
    assert one != two


def test_a_newer_database_is_left_alone(folder):
    execute(folder, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(TjugoError, match=r"newer version of Tjugo \(schema 9999"):
        Station.open(folder)


def test_a_database_that_is_none(folder):
    for name in ("station.db", "station.db-wal", "station.db-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "station.db").write_bytes(b"not a database, " * 400)
    with pytest.raises(Unavailable, match="not a database of Tjugo"):
        Station.open(folder)


def test_a_damaged_database(folder):
    execute(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    path = folder / "station.db"
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with (
        pytest.raises(Unavailable, match="damaged"),
        Station.open(folder, clock=Clock()) as opened,
    ):
        vend(opened, "test", "a", drn(1), ONE)


def test_a_locked_database(folder, monkeypatch):
    monkeypatch.setattr(db, "BUSY_MS", 50)
    other = sqlite3.connect(folder / "station.db", isolation_level=None)
    with closing(other), Station.open(folder, clock=Clock()) as opened:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked by another program"):
            vend(opened, "test", "a", drn(1), ONE)
        other.execute("ROLLBACK")
        assert vend(opened, "test", "a", drn(1), ONE).digits


@pytest.mark.parametrize("content", ["", "{}", '{"keys": [1]}', '{"keys": [{"vk": "x"}]}', "[]"])
def test_a_key_file_that_is_none(tmp_path, content):
    create_private(tmp_path / "keys", content)
    with pytest.raises(Unavailable, match="not a vending key file") as caught:
        SoftBackend.load(tmp_path / "keys")
    assert caught.value.__cause__ is None


def test_a_key_file_is_kept_from_others(folder):
    (folder / "vending_keys.json").chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        Station.open(folder)
    (folder / "vending_keys.json").unlink()
    with pytest.raises(Unavailable, match="is missing"):
        Station.open(folder)


FULL = """
import json, resource, sys
from decimal import Decimal
from station_kit import Clock, drn
from tjugo.errors import Unavailable
from tjugo.station.station import Station
from tjugo.station.vending.vend import vend
station = Station.open(sys.argv[1], clock=Clock())
limit = (station.path.parent / "station.db-wal").stat().st_size + 400_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
sold, refused = {}, None
for i in range(200):
    try:
        sold[f"s{i}"] = vend(station, "test", f"s{i}", drn(1), Decimal(1)).digits
    except Unavailable as error:
        refused = [f"s{i}", error.message]
        break
print(json.dumps([sold, refused]))
"""


def test_a_disk_that_fills_up_loses_nothing(folder):
    with Station.open(folder, clock=Clock()) as station:
        vend(station, "test", "first", drn(1), ONE)
        argv = [PYTHON, "-c", FULL, str(folder)]
        done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        sold, (name, sentence) = json.loads(done.stdout)
        assert "nothing was changed" in sentence
        assert len(sold) > 2
        for client_id, digits in sold.items():
            assert vend(station, "test", client_id, drn(1), ONE).digits == digits
        # Whole or absent: asked for again, it is one sale like any other.
        again = vend(station, "test", name, drn(1), ONE)
        assert again == vend(station, "test", name, drn(1), ONE)
        assert again.digits not in sold.values()


def test_a_full_file_system_loses_nothing(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(small)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small file system")
    try:
        _fill(small)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def _fill(small):
    with new_station(small / "state") as station:
        filler = small / "filler"
        with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        sold = {}
        with pytest.raises(Unavailable, match=r"The disk (is|failed or is) full"):
            for i in range(1000):
                sold[i] = vend(station, "test", f"s{i}", drn(1), ONE)
        filler.unlink()
        assert all(vend(station, "test", f"s{i}", drn(1), ONE) == sale for i, sale in sold.items())
        again = vend(station, "test", f"s{len(sold)}", drn(1), ONE)
        assert again.tid not in {sale.tid for sale in sold.values()}


def test_nothing_can_be_made_where_nothing_fits(tmp_path):
    script = (
        "import resource, sys\n"
        "from tjugo.commands.main import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "main(['init', '--state', sys.argv[1]])\n"
    )
    argv = [PYTHON, "-c", script, str(tmp_path / "state")]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "full" in done.stderr and "Traceback" not in done.stderr
    Station.open(tmp_path / "state", create=True).close()
