"""Backups from and into either database."""

import json
import threading
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import select
from station_kit import NOON, Clock, drn, new_station, see

from tjugo import encryption
from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.paths import VENDING_KEYS
from tjugo.station.backup import restore as restoring
from tjugo.station.backup.restore import restore
from tjugo.station.backup.service import backup
from tjugo.station.link import records
from tjugo.station.station import Station
from tjugo.station.storage import tables as models
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import sell

PASSPHRASE = "correct horse"
ONE = Decimal(1)
WAYS = [(one, other) for one in ("sqlite", "server") for other in ("sqlite", "server")]


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Set the lowest cost of Argon2id: its strength is not tested here."""
    monkeypatch.setattr(encryption, "COSTS", {"time_cost": 1, "memory_cost": 8, "parallelism": 1})


@pytest.fixture
def place(postgres):
    """Return a function: the address of a new database, None for a file."""
    return lambda kind: postgres.new_database() if kind == "server" else None


def rows_of(station):
    """Return all rows of all tables, without the floor of TIDs."""
    found = {}
    with station.view() as view:
        for table in models.Base.metadata.sorted_tables:
            columns = [c for c in table.columns if c.name != "tid_floor"]
            found[table.name] = sorted(map(repr, view.session.execute(select(*columns))))
    return found


def filled(folder, url):
    """Make a station with a row of every kind of value."""
    station = new_station(folder, Clock(), url)
    sell(station, "test", "before", drn(1), ONE)
    with pytest.raises(TjugoError):
        sell(station, "test", "refused", drn(9), ONE)
    with station.work("test") as work:
        key = {"tenant_id": 1}
        work.session.add(
            models.MeterReading(
                **key, drn=drn(1), received_at=work.now(), online=False, credit_wh=-(2**63)
            )
        )
        work.session.add(
            models.Customer(**key, account_no="C1", name="Zoë\t\\N\n'\"", created_at=NOON)
        )
        work.session.add(
            models.Operator(
                **key,
                operator="ada",
                name="Ada",
                role="cashier",
                active=True,
                password="x",
                password_at=NOON,
                must_change=False,
                totp=bytes(range(32)),
                created_at=NOON,
            )
        )
        work.session.add(
            models.LedgerEntry(
                **key, entry_no=2**40, kind="sale", ref="r", at=NOON, day=NOON.date(), actor="a"
            )
        )
        region = models.Site(**key, site="z", kind="region", created_at=NOON)
        work.session.add(region)
        work.session.flush()
        work.session.add(models.Site(**key, site="a", kind="feeder", parent="z", created_at=NOON))
        work.session.flush()
        region.name = "North"  # PostgreSQL then reads it after the row that refers to it
        work.session.add(
            models.Posting(
                **key, entry_no=2**40, line=1, account="cash", party="", amount=-(2**50)
            )
        )
    return station


@pytest.mark.parametrize("source, target", WAYS)
def test_a_backup_of_either_database_is_restored_into_either(place, tmp_path, source, target):
    with filled(tmp_path / "state", place(source)) as old:
        backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
        restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON, database_url=place(target))
        names = {path.name for path in (tmp_path / "new").iterdir()}
        assert names == {VENDING_KEYS, "database.json" if target == "server" else "station.db"}
        with Station.open(tmp_path / "new", clock=Clock()) as new:
            assert rows_of(new) == rows_of(old)
            assert records.open_jobs(new) == records.open_jobs(old) != []
            sale = see(old, sale_views.find_sale, "test", "before")
            assert sell(new, "test", "before", drn(1), ONE).digits == sale.digits
            assert sell(new, "test", "after", drn(1), ONE).tid > sale.tid + 24 * 60


@pytest.mark.parametrize("kind", ["sqlite", "server"])
def test_two_restores_of_one_backup_repeat_no_tid(place, tmp_path, kind):
    with filled(tmp_path / "state", place(kind)):
        backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
    clock, tids = Clock(), []
    for number in range(2):
        folder = tmp_path / f"new{number}"
        restore(tmp_path / "b.zip", folder, PASSPHRASE, clock(), database_url=place(kind))
        with Station.open(folder, clock=clock) as station:
            tids += [sell(station, "test", f"{i}", drn(1), ONE).tid for i in range(9)]
        clock.now += timedelta(minutes=10)
    assert len(set(tids)) == 18


def test_a_backup_of_the_server_is_of_one_moment(place, tmp_path):
    """Sales go on beside it: each request of the backup has its token, and each token its own."""
    enough, errors = threading.Event(), []

    def run(station, number):
        try:
            for count in range(1000):
                sell(station, "test", f"{number}-{count}", drn(number), ONE)
                if enough.is_set():
                    return
        except Exception as error:
            errors.append(error)

    with new_station(tmp_path / "state", Clock(), place("server")) as station:
        threads = [threading.Thread(target=run, args=(station, number)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
        enough.set()
        for thread in threads:
            thread.join()
    assert errors == []
    restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON)
    with Station.open(tmp_path / "new", clock=Clock()) as copy, copy.view() as view:
        asked = {row.client_id for row in view.session.query(models.VendRequest)}
        assert asked == {row.client_id for row in view.session.query(models.Token)}


def test_a_database_with_a_station_is_not_filled(place, tmp_path):
    used = place("server")
    with filled(tmp_path / "state", used) as station:
        backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
        before = rows_of(station)
    for folder in ("state", "new"):
        with pytest.raises(Conflict, match="createdb"):
            restore(tmp_path / "b.zip", tmp_path / folder, PASSPHRASE, NOON, True, False, used)
    with Station.open(tmp_path / "state", clock=Clock()) as station:
        assert rows_of(station) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip", "state"]


def test_a_station_of_a_server_in_use_is_not_replaced(place, tmp_path):
    folder, file = tmp_path / "old", tmp_path / "b.zip"
    with filled(folder, place("server")):
        backup(folder, file, PASSPHRASE, NOON)
        with pytest.raises(Conflict, match="End it first"):
            restore(file, folder, PASSPHRASE, NOON, force=True)
    restore(file, folder, PASSPHRASE, NOON, force=True)
    with Station.open(folder, clock=Clock()) as station:
        assert see(station, sale_views.find_sale, "test", "before").drn == drn(1)


def test_a_restore_that_fails_at_its_end_leaves_the_database_empty(place, tmp_path, monkeypatch):
    with filled(tmp_path / "state", None):
        backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
    target = place("server")

    def full(path):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "sync_folder", full)
        with pytest.raises(Unavailable, match="No space left"):
            restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON, database_url=target)
    with psycopg.connect(target) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)
    restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON, database_url=target)


def test_a_restore_into_a_database_with_tables_is_refused(place, tmp_path):
    with new_station(tmp_path / "state", Clock()):
        backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
    taken, other = place("server"), place("server")
    new_station(tmp_path / "there", Clock(), taken).close()
    with psycopg.connect(other) as connection:
        connection.execute("CREATE TABLE customer (id INTEGER)")
    for url, code in ((taken, "station_exists"), (other, "database_not_empty")):
        with pytest.raises(TjugoError) as caught:
            restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON, database_url=url)
        assert caught.value.code == code and not (tmp_path / "new").exists()


def test_the_address_of_the_server_is_not_in_a_backup(place, tmp_path):
    with filled(tmp_path / "state", place("server")):
        path = tmp_path / "state" / "database.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "url": content["url"].replace("@", ":hush-7Q@")}))
        backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
    assert b"hush-7Q" not in (tmp_path / "b.zip").read_bytes()


def test_a_server_that_is_gone_is_not_backed_up(postgres, tmp_path):
    new_station(tmp_path / "state", Clock(), postgres.new_database()).close()
    postgres.kill()
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            backup(tmp_path / "state", tmp_path / "b.zip", PASSPHRASE, NOON)
    finally:
        postgres.start()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]
