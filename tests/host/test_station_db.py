"""The database: its schema, its settings, and its errors."""

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
from station_kit import PYTHON, Clock, add_tariff, do, drn, environment, new_station, see

from tjugo.commands import sales as sales_command
from tjugo.errors import Conflict, NotFound, TjugoError, Unavailable
from tjugo.private_file import create_private
from tjugo.station.delivery import service as delivery
from tjugo.station.health import tokens as token_check
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.readings import columns as reading_columns
from tjugo.station.readings import intake
from tjugo.station.readings import views as reading_views
from tjugo.station.registry import views as registry_views
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station
from tjugo.station.storage import engine as db
from tjugo.station.storage import tables as models
from tjugo.station.tills import vendors
from tjugo.station.vending import sale_views, views
from tjugo.station.vending.vend import sell
from uplink import kinds

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


def agree(folder):
    """Check that the database has the schema that the tables describe."""
    with db.open_engine(folder / "station.db").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.Base.metadata) == []
        assert db.schema_of(connection) == db.SCHEMA


def test_the_migrations_make_what_the_tables_describe(folder):
    agree(folder)
    config = Config()
    config.set_main_option("script_location", str(db._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [db.SCHEMA]


def released(folder, revision, *statements):
    """Return a station whose database was made by the version that had this schema."""
    new_station(folder).close()
    for path in folder.glob("station.db*"):
        path.unlink()
    db.make_private(folder / "station.db")
    engine = db.open_engine(folder / "station.db")
    with engine.connect() as connection, connection.begin():
        db.migrate(connection, None, folder / "station.db", revision)
    engine.dispose()
    execute(folder, *statements)


METER = "INSERT INTO meter VALUES (1, '01000000016', 7, 2, 'installed', NULL, '2026-11-01')"
KEY = (
    "INSERT INTO meter_key_state VALUES "
    "(1, '01000000016', 'current', '123457', 1, 2, '01', 255, '14', '04')"
)
REQUEST = (
    "INSERT INTO vend_request (tenant_id, client, client_id, request_hash, drn, kwh, state, "
    "reason, http, created_at) "
    "VALUES (1, 'web', '{}', 'x', '{}', '20', '{}', {}, {}, '2026-11-01')"
)
TOKEN = (
    "INSERT INTO token VALUES (1, '01000000016', '14', 6750000, 'web', 'sold', 0, 0, 200, 200, "
    "'12345678901234567890', 7, '123457', 1, 2, '01', '2026-11-01')"
)
ROWS = (
    "INSERT INTO tenant VALUES (1, 'Utility')",
    "INSERT INTO collector (tenant_id, collector_id, online) VALUES (1, 'old', 1)",
    "INSERT INTO customer VALUES (1, 'C00007', 'Ada', NULL, NULL, '2026-11-01')",
    METER,
    KEY,
    "INSERT INTO service_link VALUES (1, '01000000016', '2026-11-01', NULL, 'C00007', NULL)",
    "INSERT INTO meter_reading (tenant_id, drn, received_at, online, credit_wh) "
    "VALUES (1, '01000000016', '2026-11-01', 1, 5)",
    REQUEST.format("sold", "1000000016", "token_issued", "NULL", "NULL"),
    REQUEST.format("begun", "01000000016", "received", "NULL", "NULL"),
    REQUEST.format("unknown", "01000000024", "failed", "'Not here.'", 404),
    REQUEST.format("blocked", "01000000016", "failed", "'Blocked.'", 409),
    REQUEST.format("zero", "01000000016", "failed", "'Too little.'", 400),
    TOKEN,
)
KINDS = {"unknown": ("meter_unknown", NotFound), "blocked": ("meter_not_installed", Conflict)}


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_every_released_database_is_brought_up_to_date_with_what_it_holds(tmp_path, revision):
    folder = tmp_path / "old"
    released(folder, revision, *ROWS)
    with Station.open(folder, clock=Clock()) as station:
        with pytest.raises(Unavailable, match="No tariff is in effect"):
            sell(station, "web", "early", drn(1), Decimal(20))
        add_tariff(station)
        (collector,) = see(station, reading_views.collectors)
        assert (collector.online, collector.crash) == (True, None)
        (meter,) = see(station, registry_views.meters).items
        assert (meter.drn, meter.customer.name) == ("01000000016", "Ada")
        assert (meter.ken, meter.reading["credit_wh"], meter.reading["fault"]) == (255, 5, None)
        for client_id, kwh in (("unknown", "20.0"), ("blocked", "20"), ("zero", "20")):
            code, kind = KINDS.get(client_id, ("invalid", TjugoError))
            asked = "1000000024" if client_id == "unknown" else drn(1)
            with pytest.raises(kind) as caught:
                sell(station, "web", client_id, asked, Decimal(kwh))
            assert caught.value.code == code
        sold = sell(station, "web", "sold", drn(1), Decimal(20))
        assert (sold.digits, sold.tid) == ("12345678901234567890", 6750000)
        assert sell(station, "web", "begun", drn(1), Decimal(20)).tid > 6750000
    agree(folder)


TOU, FLAT = (
    '{"v":1,"currency":"EUR","energy":{"kind":"time_of_use","periods":[]}}',
    '{"v":1,"currency":"EUR","energy":{"kind":"flat","rate":"0.2"}}',
)
TARIFFS = (  # of revision 0017, where a tariff could have versions of both kinds
    "INSERT INTO tenant (tenant_id, name) VALUES (1, 'Utility')",
    "INSERT INTO meter VALUES (1, '01000000016', 7, 2, 'installed', NULL, '2026-11-01')",
    *(
        f"INSERT INTO tariff VALUES (1, '{name}', 'Name', '2026-11-01')"
        for name in ("flat", "tou", "both", "late", "left", "none")
    ),
    *(
        "INSERT INTO tariff_version (tenant_id, tariff, version, valid_from, state, content, "
        f"made_by, made_at) VALUES (1, '{name}', {version}, '2026-11-01', '{state}', '{rules}', "
        "'ada', '2026-11-01')"
        for name, version, state, rules in (
            ("flat", 1, "approved", FLAT),
            ("tou", 1, "approved", TOU),
            ("both", 1, "approved", FLAT),
            ("both", 2, "approved", TOU),
            ("late", 1, "rejected", FLAT),
            ("late", 2, "proposed", TOU),
            ("left", 1, "rejected", TOU),
            ("left", 2, "proposed", FLAT),
        )
    ),
)
COUNTS = dict.fromkeys(("flat", "both", "left", "none"), "energy") | {
    "tou": "money",
    "late": "money",
}


def test_meters_count_energy_and_a_tariff_what_its_versions_price(tmp_path):
    folder = tmp_path / "old"
    released(folder, "0017", *TARIFFS)
    with Station.open(folder, clock=Clock()) as station, station.view() as view:
        assert {row.tariff: row.counts for row in view.session.query(models.Tariff)} == COUNTS
        assert [row.counts for row in view.session.query(models.Meter)] == ["energy"]
    agree(folder)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        execute(folder, "UPDATE meter SET counts = 'gas'")


def test_the_uplinks_table_names_the_columns_that_keep_a_message():
    """Each field with a column has one of its kind, and each column is of a field."""
    python = {kinds.BOOL: bool, kinds.INTEGER: int, kinds.TEXT: str, kinds.CHOICE: bool}
    own = {"collector": {"tenant_id", "collector_id", "status_at"}}
    own["meter_reading"] = {"tenant_id", "drn", "received_at", "alarms"}
    for table, keys in own.items():
        columns = models.Base.metadata.tables[table].columns
        fields = {
            column: kind
            for message, kept_in in reading_columns.TABLES.items()
            if kept_in == table
            for column, _, kind in reading_columns.columns(message)
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


def test_deliveries_are_kept_when_their_states_become_more(tmp_path):
    """Revision 0005 makes the table of deliveries anew."""
    folder = tmp_path / "old"
    request = REQUEST.replace("request_hash, ", "").replace("'x', ", "").replace("http", "code")
    released(
        folder,
        "0004",
        "INSERT INTO tenant VALUES (1, 'Utility')",
        "INSERT INTO collector (tenant_id, collector_id, online) VALUES (1, 'old', 1)",
        *(
            METER,
            KEY,
            request.format("sold", "01000000016", "token_issued", "NULL", "NULL"),
            TOKEN,
        ),
        "INSERT INTO token_delivery VALUES (1, 4294967295, '01000000016', '14', 6750000, 'old', "
        "'refused', 'full', NULL, 3, '2026-11-20', '2026-11-20', NULL, NULL)",
    )
    with Station.open(folder, clock=Clock()) as station:
        (job,) = see(station, delivery.open_jobs, station.clock())
        assert (job.ref, job.collector_id, job.digits) == (
            2**32 - 1,
            "old",
            "12345678901234567890",
        )
        do(station, delivery.expire, [job.ref])
        sale = see(station, views.find_sale, "web", "sold")
        assert (sale.delivery.state, sale.delivery.attempts) == ("expired", 3)
    agree(folder)


def test_deliveries_are_kept_when_they_can_have_a_proof(tmp_path):
    """Revision 0022 makes the table of deliveries anew, with those that follow another one. What
    was accepted before stays so, without a proof."""
    folder = tmp_path / "old"
    request = "client, client_id, drn, kwh, state, created_at"
    section = "client, client_id, position, token_class, subclass, digits, issued_at, check_value"
    delivery = (
        "ref, drn, collector_id, state, result, attempts, created_at, done_at, client, client_id, "
        "position, set_no, after_ref"
    )
    day, sold = "'2026-11-20'", "'web', 'sold'"
    rows = {
        "tenant": ("name", ["'Utility'"]),
        "collector": ("collector_id", ["'old'"]),
        "meter": (
            "drn, ea, tct, status, created_at, counts",
            [f"'01000000016', 7, 2, 'installed', {day}, 'energy'"],
        ),
        "vend_request": (request, [f"{sold}, '01000000016', '20', 'token_issued', {day}"]),
        "plain_token": (
            section,
            [f"{sold}, {n}, 2, {3 + n}, '{n}2345678901234567890', {day}, 'x'" for n in (0, 1)],
        ),
        "token_delivery": (
            delivery,
            [
                f"7, '01000000016', 'old', 'accepted', 2, 1, {day}, {day}, {sold}, 0, 1, NULL",
                f"4294967295, '01000000016', 'old', 'sent', NULL, 1, {day}, NULL, {sold}, 1, 1, 7",
            ],
        ),
    }
    statements = [
        f"INSERT INTO {table} (tenant_id, {columns}) VALUES (1, {values})"
        for table, (columns, every) in rows.items()
        for values in every
    ]
    released(folder, "0021", *statements)
    with Station.open(folder, clock=Clock()) as station:
        with station.view() as view:
            first, second = view.session.query(models.TokenDelivery).order_by("position").all()
            assert (first.ref, first.state, first.result, first.proved) == (
                7,
                "accepted",
                2,
                False,
            )
            assert (second.ref, second.after_ref, second.proved) == (2**32 - 1, 7, None)
            assert second.doubted_at is second.mac is second.credit_wh is None
        do(station, lambda work: setattr(work.session.merge(second), "state", "reported"))
    agree(folder)


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


def test_only_bulk_work_does_not_wait_for_the_disk(folder):
    with Station.open(folder) as station:
        for bulk, level in ((False, 2), (True, 1), (False, 2)):
            with station.work("test", bulk=bulk) as work:
                found = work.session.connection().exec_driver_sql("PRAGMA synchronous").scalar()
            assert found == level


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
        Station.create(tmp_path / "state")


def test_only_creating_makes_a_station(tmp_path):
    (tmp_path / "typo").mkdir()
    with pytest.raises(NotFound, match="no station in"):
        Station.open(tmp_path / "typo")
    assert list((tmp_path / "typo").iterdir()) == []


def test_lost_vending_keys_are_not_replaced_by_new_ones(folder):
    (folder / "vending_keys.json").unlink()
    with pytest.raises(Unavailable, match=r"vending_keys\.json is missing\. Restore it"):
        Station.create(folder)
    assert not (folder / "vending_keys.json").exists()


@pytest.mark.parametrize("content", [b"", None], ids=["no bytes", "no schema"])
def test_an_emptied_database_is_not_a_new_station(folder, content):
    path = folder / "station.db"
    for name in ("station.db", "station.db-wal", "station.db-shm"):
        (folder / name).unlink(missing_ok=True)
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE other (x)")
    else:
        path.write_bytes(content)
    for opened in (Station.open, Station.create):
        with pytest.raises(Unavailable, match=r"station\.db is damaged; restore it from a backup"):
            opened(folder)


def _lose_database(folder):
    """Sell a token, and remove the database."""
    with Station.open(folder, clock=Clock()) as station:
        first = sell(station, "test", "a", drn(1), ONE)
    for name in ("station.db", "station.db-wal", "station.db-shm"):
        (folder / name).unlink(missing_ok=True)
    return first


def test_a_lost_database_is_not_replaced_by_a_new_one(folder):
    _lose_database(folder)
    with pytest.raises(Unavailable, match=r"station\.db is missing beside .*vending_keys\.json"):
        Station.create(folder)
    assert not (folder / "station.db").exists()


def test_a_lost_database_whose_log_is_left(folder):
    _lose_database(folder)
    (folder / "station.db-wal").write_bytes(b"log")
    with pytest.raises(Unavailable, match=r"its log .*station\.db-wal is there"):
        Station.create(folder, new_database=True)
    assert (folder / "station.db-wal").read_bytes() == b"log"


def test_a_new_database_beside_the_keys_repeats_no_tid(folder):
    first = _lose_database(folder)
    with Station.create(folder, clock=Clock(), new_database=True) as station:
        add_tariff(station)
        do(station, vendors.ensure_default)
        with station.work("test") as work:
            add_meter(work, NewMeter(drn(1), collector_id="c1"))
        again = sell(station, "test", "a", drn(1), ONE)
    assert again.tid == first.tid + 24 * 60 + 1


def test_an_interrupted_creation_is_continued(tmp_path, monkeypatch):
    def fail(*_):
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr("tjugo.station.storage.create.finish", fail)
        with pytest.raises(Unavailable, match="full"):
            Station.create(tmp_path / "new")
    keys = (tmp_path / "new" / "vending_keys.json").read_bytes()
    Station.create(tmp_path / "new").close()
    assert (tmp_path / "new" / "vending_keys.json").read_bytes() == keys
    assert {path.name for path in (tmp_path / "new").iterdir()} >= {"station.db"}
    assert not (tmp_path / "new" / ".station.db.new").exists()


def test_creating_again_changes_nothing(folder):
    keys = (folder / "vending_keys.json").read_bytes()
    Station.create(folder).close()
    assert (folder / "vending_keys.json").read_bytes() == keys


def test_two_installations_do_not_share_the_dkga04_key(tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    for place in folders:
        set_up(place).close()
    one, two = ((f / "vending_keys.json").read_text() for f in folders)
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
        sell(opened, "test", "a", drn(1), ONE)


def test_a_damaged_page_is_found_at_the_start(folder):
    with Station.open(folder, clock=Clock()) as station:
        for number in range(60):
            sell(station, "test", f"s{number}", drn(1), ONE)
    execute(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    with closing(sqlite3.connect(folder / "station.db")) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'token_delivery'"
        ).fetchone()
    path = folder / "station.db"
    content = bytearray(path.read_bytes())
    start = (root - 1) * 4096
    content[start + 8 : start + 40] = os.urandom(32)
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="is damaged; restore it from a backup"):
        Station.open(folder)


@pytest.mark.parametrize(
    "change", ["digits = '12345678901234567890'", "units_tenths = 11", "check_value = NULL"]
)
def test_a_token_whose_record_changed_is_not_shown(folder, change):
    with Station.open(folder, clock=Clock()) as station:
        sold = sell(station, "test", "a", drn(1), ONE)
        other = sell(station, "test", "b", drn(1), ONE)
    execute(folder, f"UPDATE token SET {change} WHERE client_id = 'a'")
    with Station.open(folder, clock=Clock()) as station:
        for show in (
            lambda: sell(station, "test", "a", drn(1), ONE),
            lambda: see(station, views.find_sale, "test", "a"),
        ):
            with pytest.raises(Unavailable, match="damaged and its digits are not shown"):
                show()
        rows = {row.client_id: row for row in see(station, sale_views.sales).items}
        assert rows["a"].code == "token_damaged"
        assert rows["b"].token == other.digits
        assert "  sold, but damaged: The record of sale a is damaged" in sales_command._line(
            rows["a"]
        )
        count, wrong = see(station, token_check.damaged)
        assert (count, len(wrong)) == (2, 1)
        assert wrong[0].startswith(
            f"The record of a token of meter {drn(1)}, request a, is damaged"
        )
    assert sold.digits != "12345678901234567890"


def test_readings_are_kept_many_at_once(folder):
    with Station.open(folder, clock=Clock()) as station:
        for value in (1, 2):
            given = [
                intake.Reading("c1", drn(number), None, True, {"energy_wh": 10 * value + number})
                for number in (1, 2)
            ]
            do(station, intake.record_readings, given)
        found = [meter.reading for meter in see(station, registry_views.meters).items]
        assert [row and row["energy_wh"] for row in found] == [21, 22, None]


def test_a_locked_database(folder, monkeypatch):
    monkeypatch.setattr(db, "BUSY_MS", 50)
    other = sqlite3.connect(folder / "station.db", isolation_level=None)
    with closing(other), Station.open(folder, clock=Clock()) as opened:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked by another program"):
            sell(opened, "test", "a", drn(1), ONE)
        other.execute("ROLLBACK")
        assert sell(opened, "test", "a", drn(1), ONE).digits


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
from station_kit import Clock, drn, see
from tjugo.errors import Unavailable
from tjugo.station.station import Station
from tjugo.station.vending import views
from tjugo.station.vending.vend import sell
station = Station.open(sys.argv[1], clock=Clock())
limit = (station.path.parent / "station.db-wal").stat().st_size + 1_500_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
sold, refused = {}, None
for i in range(200):
    try:
        sold[f"s{i}"] = sell(station, "test", f"s{i}", drn(1), Decimal(1)).digits
    except Unavailable as error:
        refused = [f"s{i}", error.message]
        break
print(json.dumps([sold, refused]))
"""


def test_a_disk_that_fills_up_loses_nothing(folder):
    with Station.open(folder, clock=Clock()) as station:
        sell(station, "test", "first", drn(1), ONE)
        argv = [PYTHON, "-c", FULL, str(folder)]
        done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        sold, (name, sentence) = json.loads(done.stdout)
        assert "nothing was changed" in sentence
        assert len(sold) > 2
        for client_id, digits in sold.items():
            assert sell(station, "test", client_id, drn(1), ONE).digits == digits
        # Whole or absent: asked for again, it is one sale like any other.
        again = sell(station, "test", name, drn(1), ONE)
        assert again == sell(station, "test", name, drn(1), ONE)
        assert again.digits not in sold.values()


def test_a_full_file_system_loses_nothing(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)]
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
                sold[i] = sell(station, "test", f"s{i}", drn(1), ONE)
        filler.unlink()
        assert all(sell(station, "test", f"s{i}", drn(1), ONE) == sale for i, sale in sold.items())
        again = sell(station, "test", f"s{len(sold)}", drn(1), ONE)
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
    Station.create(tmp_path / "state").close()
