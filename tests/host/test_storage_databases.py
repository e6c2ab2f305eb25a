"""The two databases of a station: SQLite and PostgreSQL."""

import json
import socketserver
import ssl
import stat
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from station_kit import COLLECTOR, Clock, add_tariff, do, drn, new_station, see
from test_station_db import COUNTS, TARIFFS

from tjugo.certificate import Certificate, self_signed
from tjugo.errors import Conflict, NotFound, TjugoError, Unavailable
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station
from tjugo.station.storage import databases
from tjugo.station.storage import engine as db
from tjugo.station.storage import postgres as on_server
from tjugo.station.storage import tables as models
from tjugo.station.tills import vendors
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import sell

ONE = Decimal(1)
SECRET = "hush-7Q"


def test_a_sale_is_there_once_on_either_database(station):
    sold = sell(station, "test", "a", drn(1), ONE)
    assert sell(station, "test", "a", drn(1), ONE) == sold
    assert see(station, sale_views.find_sale, "test", "a") == sold


def test_a_delivery_has_any_reference_of_32_bits(station):
    station.randbelow = lambda most: most - 1
    sell(station, "test", "a", drn(1), ONE)
    with station.view() as view:
        (row,) = view.session.query(models.TokenDelivery)
        assert row.ref == 2**32 - 1


def test_a_reading_has_any_number_of_the_wire(station):
    wide = {"energy_wh": 2**32 - 1, "credit_wh": -(2**63), "power_w": 2**32 - 1}
    wide |= {"sequence": 2**32 - 1, "power_limit_w": 2**32 - 1, "sgc": 2**32 - 1}
    with station.work("test") as work:
        work.session.add(
            models.MeterReading(
                tenant_id=1, drn=drn(1), received_at=work.now(), online=True, **wide
            )
        )
    with station.view() as view:
        row = view.session.get(models.MeterReading, (1, drn(1)))
        assert {name: getattr(row, name) for name in wide} == wide


def test_threads_that_sell_for_one_meter_give_each_tid_once(station):
    sold, errors = [], []
    start = threading.Barrier(8)

    def run(name):
        start.wait()
        try:
            for number in range(5):
                for client_id in (f"{name}-{number}", f"shared-{number}"):
                    sold.append(sell(station, "test", client_id, drn(1), ONE))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    tids = {sale.tid: sale.client_id for sale in sold}
    assert len(tids) == len(set(tids.values())) == 8 * 5 + 5
    assert {sale.client_id: sale.digits for sale in sold}.keys() == set(tids.values())


@pytest.fixture
def empty(postgres):
    """Return the address of an empty database on the server."""
    return postgres.new_database()


def tables_of(url):
    """Return all that a database has: columns with types, keys, checks, indexes."""
    engine = on_server.open_engine(databases.parse(url))
    found = {}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.Base.metadata) == []
        assert db.schema_of(connection) == db.SCHEMA
        look = inspect(connection)
        for table in look.get_table_names():
            columns = {
                c["name"]: (str(c["type"]), c["nullable"], c["default"], c.get("autoincrement"))
                for c in look.get_columns(table)
            }
            keys = [look.get_pk_constraint(table), *look.get_foreign_keys(table)]
            keys += [*look.get_unique_constraints(table), *look.get_check_constraints(table)]
            keys += look.get_indexes(table)
            found[table] = columns, sorted(json.dumps(key, sort_keys=True) for key in keys)
    engine.dispose()
    return found


def migrated(url, revision=db.SCHEMA, *statements):
    """Run the migrations from nothing to a revision, then the statements."""
    engine = on_server.open_engine(databases.parse(url))
    with engine.connect() as connection, connection.begin():
        db.migrate(connection, None, "the database", revision)
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_the_migrations_make_on_postgresql_what_the_tables_describe(postgres, tmp_path):
    made, grown = postgres.new_database(), postgres.new_database()
    new_station(tmp_path / "state", database_url=made).close()
    migrated(grown)
    assert tables_of(grown) == tables_of(made)


def test_meters_on_the_server_count_energy_and_a_tariff_what_its_versions_price(empty):
    migrated(empty, "0017", *(statement.replace(":", r"\:") for statement in TARIFFS))
    migrated(empty, db.SCHEMA)
    with psycopg.connect(empty) as connection:
        found = connection.execute("SELECT tariff, counts FROM tariff").fetchall()
        assert dict(found) == COUNTS
        assert connection.execute("SELECT counts FROM meter").fetchall() == [("energy",)]
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE meter SET counts = 'gas'")


def test_an_older_database_on_the_server_is_brought_up_to_date(empty, tmp_path):
    new_station(tmp_path / "state").close()
    migrated(
        empty,
        "0001",
        "INSERT INTO tenant VALUES (1, 'Utility')",
        "INSERT INTO meter VALUES (1, '01000000016', 7, 2, 'installed', NULL, '2026-11-01')",
        "INSERT INTO meter_key_state VALUES "
        "(1, '01000000016', 'current', '123457', 1, 2, '01', 255, '14', '04')",
        "INSERT INTO vend_request (tenant_id, client, client_id, request_hash, drn, kwh, state, "
        "created_at) VALUES (1, 'web', 'sold', 'x', '01000000016', '20', 'token_issued', "
        "'2026-11-01')",
        "INSERT INTO token VALUES (1, '01000000016', '14', 6750000, 'web', 'sold', 0, 0, 200, "
        "200, '12345678901234567890', 7, '123457', 1, 2, '01', '2026-11-01')",
    )
    for path in (tmp_path / "state").glob("station.db*"):
        path.unlink()
    databases.PostgresDatabase(databases.parse(empty), tmp_path / "state").save()
    with Station.open(tmp_path / "state", clock=Clock()) as station:
        add_tariff(station)
        sold = sell(station, "web", "sold", drn(1), Decimal(20))
        assert (sold.digits, sold.tid) == ("12345678901234567890", 6750000)
        assert sell(station, "web", "next", drn(1), Decimal(20)).tid > 6750000


def test_the_folder_has_the_address_for_its_owner_only(empty, tmp_path):
    new_station(tmp_path / "state", database_url=empty).close()
    names = {path.name for path in (tmp_path / "state").iterdir()}
    assert names == {"database.json", "station.use", "vending_keys.json"}
    assert stat.S_IMODE((tmp_path / "state" / "database.json").stat().st_mode) == 0o600
    new_station(tmp_path / "other").close()
    with pytest.raises(Conflict, match=r"There is a station in .* already"):
        Station.create(tmp_path / "third", database_url=empty)
    with pytest.raises(Conflict, match="has its data in"):
        Station.create(tmp_path / "other", database_url=empty)
    Station.create(tmp_path / "state", clock=Clock(), database_url=empty).close()
    Station.create(tmp_path / "state", clock=Clock()).close()


OTHERS = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32)); "
    "INSERT INTO alembic_version VALUES ('a')",
    "CREATE TABLE customer (id INTEGER)",
    "CREATE TABLE part (id INTEGER) PARTITION BY RANGE (id)",
)


@pytest.mark.parametrize("statements", OTHERS)
def test_a_database_with_other_tables_is_refused(empty, tmp_path, statements):
    with psycopg.connect(empty) as connection:
        connection.execute(statements)
    with pytest.raises(Conflict) as caught:
        Station.create(tmp_path / "state", database_url=empty)
    name = databases.named(databases.parse(empty))
    assert caught.value.message == (
        f"T{name[1:]} has other tables; make an empty one with `createdb`."
    )
    assert caught.value.code == "database_not_empty"
    assert not (tmp_path / "state" / "vending_keys.json").exists()


def test_tables_of_another_schema_do_not_matter(empty, tmp_path):
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE SCHEMA other")
        connection.execute("CREATE TABLE other.customer (id INTEGER)")
    with Station.create(tmp_path / "state", clock=Clock(), database_url=empty) as station:
        with station.view() as view:
            assert view.session.query(models.Customer).count() == 0


def test_an_interrupted_creation_on_the_server_is_continued(empty, tmp_path, monkeypatch):
    def fail(_):
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(databases.PostgresDatabase, "save", fail)
        with pytest.raises(Unavailable, match="full"):
            Station.create(tmp_path / "new", database_url=empty)
    keys = (tmp_path / "new" / "vending_keys.json").read_bytes()
    Station.create(tmp_path / "new", database_url=empty).close()
    assert (tmp_path / "new" / "vending_keys.json").read_bytes() == keys
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "database.json",
        "station.use",
        "vending_keys.json",
    }


def test_a_lost_database_on_the_server(postgres, tmp_path):
    folder, lost = tmp_path / "state", postgres.new_database()
    new_station(folder, database_url=lost).close()
    databases.PostgresDatabase(databases.parse(postgres.new_database()), folder).save()
    for opened in (Station.open, Station.create):
        with pytest.raises(Unavailable, match="no station in the database"):
            opened(folder)
    (folder / "database.json").unlink()
    with pytest.raises(NotFound):
        Station.open(folder)
    with pytest.raises(Unavailable, match="is missing beside"):
        Station.create(folder, database_url=postgres.new_database())
    with Station.create(
        folder, clock=Clock(), database_url=postgres.new_database(), new_database=True
    ) as station:
        add_tariff(station)
        do(station, vendors.ensure_default)
        do(station, add_meter, NewMeter(drn(1), collector_id=COLLECTOR))
        again = sell(station, "test", "a", drn(1), ONE)
    with new_station(tmp_path / "other") as station:
        assert again.tid == sell(station, "test", "a", drn(1), ONE).tid + 24 * 60 + 1


@pytest.mark.parametrize(
    "given",
    [
        *("", "x", "mysql://u:{}@h/n", "postgresql://u:{}@h", "u:{}@h/n"),
        *("postgresql://u:{}@h:x/n", "postgresql://u:{}@/n?host=h&port=x"),
    ],
)
def test_an_address_that_is_none(tmp_path, given):
    with pytest.raises(TjugoError) as caught:
        Station.create(tmp_path / "state", database_url=given.format(SECRET))
    assert caught.value.status == 2 and "postgresql://" in caught.value.message
    assert SECRET not in repr(caught.getrepr(chain=True)) and caught.value.__cause__ is None
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("query", ["foo=bar", "sslmode=disable&foo=bar", "foo=a&foo=b"])
def test_a_parameter_of_the_address_that_is_not_known(tmp_path, query):
    with pytest.raises(TjugoError) as caught:
        Station.create(
            tmp_path / "state", database_url=f"postgresql://tj:{SECRET}@/a?host=/x&{query}"
        )
    assert caught.value.message == (
        "The address of the database has a parameter that is not known: foo."
    )
    assert caught.value.status == 2 and not (tmp_path / "state").exists()
    assert SECRET not in str(caught.getrepr(chain=True, showlocals=False))


@pytest.mark.parametrize("query", ["sslmode=x", "port=99999999", "connect_timeout=x"])
def test_a_parameter_of_the_address_with_a_value_that_is_none(tmp_path, query):
    with pytest.raises(Unavailable) as caught:
        Station.create(
            tmp_path / "state", database_url=f"postgresql://tj:{SECRET}@/a?host=/x&{query}"
        )
    assert caught.value.message == (
        "The address of the database a on /x has a parameter whose value cannot be used."
    )


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"form": "tjugo-database", "version": 1}'])
def test_an_address_file_that_is_none(tmp_path, content):
    new_station(tmp_path / "state").close()
    (tmp_path / "state" / "database.json").write_text(content)
    with pytest.raises(Unavailable, match="is not the address"):
        Station.open(tmp_path / "state")


def refusals(postgres, tmp_path):
    where = postgres.folder
    return {
        f"postgresql://tjugo:{SECRET}@/nowhere?host={where}": "does not exist",
        f"postgresql://nobody:{SECRET}@/postgres?host={where}": "refuses this user",
        f"postgresql://tjugo:{SECRET}@/postgres?host={tmp_path}": "does not answer",
        f"postgresql://tjugo:{SECRET}@127.0.0.1:1/postgres": "does not answer",
        f"postgresql://tjugo:{SECRET}@no.such.host.invalid/postgres": "does not answer",
    }


def test_a_server_that_refuses_is_named_without_the_password(postgres, tmp_path):
    for number, (url, expected) in enumerate(refusals(postgres, tmp_path).items()):
        with pytest.raises(Unavailable) as caught:
            Station.create(tmp_path / f"s{number}", database_url=url)
        assert expected in caught.value.message, caught.value.message
        assert SECRET not in caught.value.message
        assert SECRET not in str(caught.getrepr(chain=True, showlocals=False))


@contextmanager
def answering(reply, certificate=None):
    """Run a server that answers the first message of each connection with these bytes, begins TLS
    if it has a certificate, and closes the connection; return the address of a database on it."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(1000)
            self.request.sendall(reply)
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate.file)
                with suppress(OSError):
                    context.wrap_socket(self.request, server_side=True).close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            port = server.server_address[1]
            yield f"postgresql://tjugo:{SECRET}@127.0.0.1:{port}/a?gssencmode=disable&sslmode="
        finally:
            server.shutdown()
            thread.join()


def fatal(text):
    """Return the server's message (ErrorResponse) by which it refuses a connection."""
    body = b"SFATAL\0VFATAL\0C57P03\0M" + text.encode() + b"\0\0"
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


STARTS = "starts or stops; try again."
USER = "refuses this user or password."
REFUSALS = {
    "the database system is not yet accepting connections": STARTS,
    "the database system is not accepting connections": STARTS,
    "the database system is starting up": STARTS,
    "the database system is in recovery mode": STARTS,
    "the database system is shutting down": STARTS,
    'database "role a starting up" does not exist': "does not exist. Make it with `createdb`.",
    'database "a" is not currently accepting connections': "refuses the connection.",
    'permission denied for database "a"': USER,
    'role "database a" does not exist': USER,
    'role "a" is not permitted to log in': USER,
    'too many connections for role "a"': "has too many connections; try again.",
    'too many connections for database "a"': "has too many connections; try again.",
    'password authentication failed for user "a"': USER,
    'Peer authentication failed for user "a"': USER,
    "empty password returned by client": USER,
    "unsupported frontend protocol 3.0": "refuses the connection.",
}


@pytest.mark.parametrize("text", REFUSALS)
def test_a_server_that_refuses_a_connection_is_understood(tmp_path, text):
    with answering(fatal(text)) as url, pytest.raises(Unavailable) as caught:
        Station.create(tmp_path / "state", database_url=url + "disable")
    assert caught.value.message.endswith(f"database a on 127.0.0.1 {REFUSALS[text]}")
    assert SECRET not in str(caught.getrepr(chain=True, showlocals=False))


def test_a_server_without_tls_where_it_is_required(tmp_path):
    sentence = "The server of the database a on 127.0.0.1 has no TLS, which its address asks for."
    with answering(b"N") as url, pytest.raises(Unavailable) as caught:
        Station.create(tmp_path / "state", database_url=url + "require")
    assert caught.value.message == sentence


@pytest.mark.parametrize("trusted", ["other.pem", "none.pem", "own.pem"])
def test_the_certificate_of_a_server_that_cannot_be_verified(tmp_path, trusted):
    """Of another server, of none, and the right one, which is not for this address."""
    names, now = ["db.example"], datetime.now(UTC)
    for name in ("own", "other"):
        made = self_signed(tmp_path, names, now, new=True)
        (tmp_path / f"{name}.pem").write_bytes(made.file.read_bytes())
        made.file.unlink()
    own = Certificate(tmp_path / "own.pem", tmp_path / "own.pem", (), "", now)
    with answering(b"S", own) as url, pytest.raises(Unavailable) as caught:
        address = f"{url}verify-full&sslrootcert={tmp_path / trusted}"
        Station.create(tmp_path / "state", database_url=address)
    assert caught.value.message == (
        "The certificate of the server of the database a on 127.0.0.1 cannot be verified: see "
        "sslmode and sslrootcert in its address."
    )


def test_a_server_with_no_connection_left(postgres, empty, tmp_path):
    postgres.execute("CREATE ROLE clerk LOGIN CONNECTION LIMIT 1")
    postgres.execute("GRANT ALL ON SCHEMA public TO clerk", databases.parse(empty).database)
    url = empty.replace("tjugo@", "clerk@")
    with set_up(tmp_path / "state", database_url=url) as station:
        do(station, add_meter, NewMeter(drn(1)))
        station._engine.dispose()
        wait_until_gone(postgres, "clerk")
        with psycopg.connect(url), pytest.raises(Unavailable, match="too many connections"):
            sell(station, "test", "a", drn(1), ONE)
        wait_until_gone(postgres, "clerk")
        assert sell(station, "test", "a", drn(1), ONE).digits


def wait_until_gone(postgres, role):
    """Wait for the server's ends of the role's closed connections."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        while connection.execute(count, [role]).fetchone() != (0,):
            pass


def test_a_lost_connection_is_a_sentence_and_the_next_request_is_served(postgres, empty, tmp_path):
    with new_station(tmp_path / "state", database_url=empty) as station:
        sold = sell(station, "test", "a", drn(1), ONE)
        with (
            pytest.raises(Unavailable, match="starts or stops"),
            station.work("x") as work,
        ):
            work.session.execute(text("SELECT 1"))
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'tjugo'"
            )
            work.session.execute(text("SELECT 1"))
        assert sell(station, "test", "a", drn(1), ONE) == sold


def test_a_killed_server_loses_nothing(postgres, empty, tmp_path):
    with new_station(tmp_path / "state", database_url=empty) as station:
        sold = sell(station, "test", "a", drn(1), ONE)
        postgres.kill()
        try:
            with pytest.raises(Unavailable, match="does not answer"):
                sell(station, "test", "b", drn(1), ONE)
        finally:
            postgres.start()
        assert sell(station, "test", "a", drn(1), ONE) == sold
        assert sell(station, "test", "b", drn(1), ONE).tid == sold.tid + 1


def test_a_deadlock_is_a_sentence(empty, tmp_path):
    """Two transactions lock two meters in opposite order."""
    order, said = threading.Barrier(2), []
    lock = text("SELECT 1 FROM meter WHERE drn = :drn FOR UPDATE")

    def run(first, second):
        try:
            with station.work("test") as work:
                work.session.execute(lock, {"drn": drn(first)})
                order.wait(20)
                work.session.execute(lock, {"drn": drn(second)})
            said.append(None)
        except Unavailable as error:
            said.append(error.message)

    with new_station(tmp_path / "state", database_url=empty) as station:
        threads = [threading.Thread(target=run, args=pair) for pair in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert None in said
    (sentence,) = filter(None, said)
    assert "nothing was changed. Try again." in sentence


def test_who_writes_a_key_second_is_told_to_try_again(empty, tmp_path):
    with new_station(tmp_path / "state", database_url=empty) as station:
        with pytest.raises(Unavailable, match="Try again"), station.work("test") as work:
            work.session.add(models.Setting(tenant_id=1, name="x", value="1"))
            with station.work("other") as other:
                other.session.add(models.Setting(tenant_id=1, name="x", value="2"))
        with station.view() as view:
            assert view.session.get(models.Setting, (1, "x")).value == "2"


@pytest.mark.parametrize("name", ["a\0b", "x" * 201])
def test_a_text_that_the_server_cannot_keep_is_a_sentence(empty, tmp_path, name):
    with new_station(tmp_path / "state", database_url=empty) as station:
        with pytest.raises(TjugoError, match="too long") as caught, station.work("test") as work:
            work.session.add(
                models.Customer(tenant_id=1, account_no="C1", name=name, created_at=work.now())
            )
        assert caught.type is TjugoError


def test_bulk_work_does_not_wait_for_the_disk_of_the_server(empty, tmp_path):
    with new_station(tmp_path / "state", database_url=empty) as station:
        for bulk, level in ((False, "on"), (True, "off"), (False, "on")):
            with station.work("test", bulk=bulk) as work:
                assert work.session.scalar(text("SHOW synchronous_commit")) == level
                assert work.session.scalar(text("SHOW transaction_isolation")) == "read committed"


def test_a_newer_database_on_the_server_is_left_alone(empty, tmp_path):
    new_station(tmp_path / "state", database_url=empty).close()
    with psycopg.connect(empty) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(TjugoError, match=r"newer version of Tjugo \(schema 9999"):
        Station.open(tmp_path / "state")
