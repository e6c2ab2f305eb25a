"""A backup of a running station, and a station restored from it."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import threading
import zipfile
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from station_kit import NOON, PYTHON, Clock, drn, environment, new_station, see

from sts_portable import tid
from tjugo import encryption, sta_tables
from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.paths import DATABASE, PEOPLE_KEY, STA_TABLES, USE_LOCK, VENDING_KEYS, WRITE_LOCK
from tjugo.station.backup import archive, secret_files, service
from tjugo.station.backup import restore as restoring
from tjugo.station.backup.database import MARGIN, set_floor
from tjugo.station.backup.restore import restore
from tjugo.station.backup.service import backup, last
from tjugo.station.link import records, state
from tjugo.station.operators.totp import Vault
from tjugo.station.station import Station
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import sell

PASSPHRASE = "correct horse"
ONE = Decimal(1)


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Set the lowest cost of Argon2id: its strength is not tested here."""
    monkeypatch.setattr(encryption, "COSTS", {"time_cost": 1, "memory_cost": 8, "parallelism": 1})


@pytest.fixture
def folder(tmp_path):
    new_station(tmp_path / "state").close()
    return tmp_path / "state"


@pytest.fixture
def file(folder, tmp_path):
    """Return a backup with one sale in it."""
    with Station.open(folder, clock=Clock()) as station:
        sell(station, "test", "before", drn(1), ONE)
    backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    return tmp_path / "b.zip"


def test_a_restored_station_has_all_of_it(folder, file, tmp_path):
    assert last(folder) == NOON
    made = restore(file, tmp_path / "new", PASSPHRASE, NOON)
    assert made.made_at == NOON
    assert (tmp_path / "new" / VENDING_KEYS).read_bytes() == (folder / VENDING_KEYS).read_bytes()
    with (
        Station.open(folder, clock=Clock()) as old,
        Station.open(tmp_path / "new", clock=Clock()) as new,
    ):
        sale = see(old, sale_views.find_sale, "test", "before")
        assert see(new, sale_views.find_sale, "test", "before") == sale
        # Open deliveries are sent again with their references, which the meter recorded.
        assert records.open_jobs(new) == records.open_jobs(old) != []
        assert sell(new, "test", "before", drn(1), ONE).digits == sale.digits
    for path in (tmp_path / "new", *(tmp_path / "new").iterdir(), file):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_tid_twice_when_it_is_copied_while_it_sells(folder, tmp_path):
    """Sales by two threads during and after the backup; the restored station sells on."""
    clock = Clock()
    sold: set[tuple[str, int]] = set()
    begun, enough = threading.Barrier(3), threading.Event()

    def run(station, number):
        for count in range(1000):
            sale = sell(station, "test", f"{number}-{count}", drn(number), ONE)
            sold.add((sale.drn, sale.tid))
            if count == 3:
                begun.wait(60)
            if enough.is_set():
                return

    with Station.open(folder, clock=clock) as station:
        threads = [threading.Thread(target=run, args=(station, number)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        begun.wait(60)
        backup(folder, tmp_path / "b.zip", PASSPHRASE, clock())
        at_backup = sell(station, "test", "after", drn(1), ONE)
        sold.add((at_backup.drn, at_backup.tid))
        enough.set()
        for thread in threads:
            thread.join()
    restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, clock())
    with Station.open(tmp_path / "new", clock=clock) as station:
        with pytest.raises(TjugoError):
            see(station, sale_views.find_sale, "test", "after")  # lost with the old machine
        again = [sell(station, "test", f"new{i}", drn(1 + i % 2), ONE) for i in range(20)]
    tids = {(sale.drn, sale.tid) for sale in again}
    assert len(tids) == 20 and not tids & sold
    floor = NOON + MARGIN
    least = tid.minutes("14", floor.year, floor.month, floor.day, floor.hour, floor.minute)
    assert min(number for _, number in tids) > least


def test_after_the_margin_tids_are_those_of_the_clock(file, tmp_path):
    restore(file, tmp_path / "new", PASSPHRASE, NOON)
    clock = Clock(NOON + MARGIN + timedelta(hours=1))
    with Station.open(tmp_path / "new", clock=clock) as station:
        now = clock()
        minute = tid.minutes("14", now.year, now.month, now.day, now.hour, now.minute)
        assert sell(station, "test", "later", drn(1), ONE).tid == minute


def test_a_backup_of_a_restored_station_keeps_its_floor(file, tmp_path):
    restore(file, tmp_path / "new", PASSPHRASE, NOON + timedelta(days=9))
    backup(tmp_path / "new", tmp_path / "c.zip", PASSPHRASE, NOON)
    restore(tmp_path / "c.zip", tmp_path / "newer", PASSPHRASE, NOON)
    with Station.open(tmp_path / "newer", clock=Clock()) as station:
        moment = NOON + timedelta(days=9) + MARGIN
        minute = tid.minutes("14", moment.year, moment.month, moment.day, 12, 0)
        assert sell(station, "test", "later", drn(1), ONE).tid == minute + 1


def test_a_clock_before_the_newest_token(file, tmp_path):
    early = NOON - timedelta(days=400)
    with pytest.raises(Conflict, match="clock"):
        restore(file, tmp_path / "new", PASSPHRASE, early)
    assert not (tmp_path / "new").exists()
    restore(file, tmp_path / "new", PASSPHRASE, early, accept_clock=True)


def test_the_keys_are_not_in_the_archive_in_clear(folder, file):
    keys = json.loads((folder / VENDING_KEYS).read_text())["keys"]
    with zipfile.ZipFile(file) as opened:
        assert set(opened.namelist()) == {"manifest.json", "secrets.bin", DATABASE}
        content = b"".join(opened.read(name) for name in opened.namelist())
    for key in keys:
        assert key["vk"].encode() not in content and bytes.fromhex(key["vk"]) not in content
    assert PASSPHRASE.encode() not in content


def test_sta_tables_come_along(folder, tmp_path):
    tables = bytes(reversed(range(16))) * 2 + bytes(reversed(range(64)))
    (tmp_path / "tables").write_bytes(tables)
    sta_tables.load(tmp_path / "tables", folder)
    backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON)
    assert sta_tables.kept(tmp_path / "new") == tables


def test_a_wrong_passphrase(file, tmp_path):
    with pytest.raises(TjugoError) as caught:
        restore(file, tmp_path / "new", "hush", NOON)
    assert "passphrase" in caught.value.message and "hush" not in caught.value.message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.zip", "state"]


def test_no_passphrase(folder, tmp_path):
    with pytest.raises(TjugoError, match="passphrase"):
        backup(folder, tmp_path / "b.zip", "", NOON)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state"]
    assert last(folder) is None


def rewritten(file, name, change):
    """Return the archive with one member changed."""
    with zipfile.ZipFile(file) as opened:
        members = {one: opened.read(one) for one in opened.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(file, "w") as opened:
        for one, content in members.items():
            if content is not None:
                opened.writestr(one, content)


def _manifest(**fields):
    def change(content):
        return json.dumps({**json.loads(content), **fields}).encode()

    return change


CHANGES = {
    "a token of the database": (DATABASE, lambda c: c.replace(b"before", b"behind")),
    "no database": (DATABASE, lambda c: None),
    "the secrets": ("secrets.bin", lambda c: c[:-1] + bytes([c[-1] ^ 1])),
    "no secrets": ("secrets.bin", lambda c: b""),
    "the hash": ("manifest.json", _manifest(database_sha256="0" * 64)),
    "the date": ("manifest.json", _manifest(made_at="2026-01-01T00:00:00Z")),
    "not JSON": ("manifest.json", lambda c: b"{"),
    "another form": ("manifest.json", _manifest(form="x")),
    "a newer form": ("manifest.json", _manifest(version=2)),
    "costs without end": (
        "manifest.json",
        _manifest(kdf={"time_cost": 1, "memory_cost": 2**31, "parallelism": 1, "salt": "00" * 16}),
    ),
    "costs that are none": ("manifest.json", _manifest(kdf={"salt": "00" * 16})),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_archive_is_refused(file, tmp_path, change):
    rewritten(file, *CHANGES[change])
    with pytest.raises(TjugoError) as caught:
        restore(file, tmp_path / "new", PASSPHRASE, NOON)
    assert caught.value.message.endswith(".")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.zip", "state"]
    if change == "a newer form":
        assert "newer version" in caught.value.message


@pytest.mark.parametrize("cut", [0, 10, 0.5, 0.99])
def test_a_file_that_was_cut_off(file, tmp_path, cut):
    size = file.stat().st_size
    os.truncate(file, int(size * cut) if cut < 1 else cut)
    with pytest.raises(TjugoError, match="not a backup"):
        restore(file, tmp_path / "new", PASSPHRASE, NOON)
    assert not (tmp_path / "new").exists()


def test_a_byte_that_was_changed_never_passes(file, tmp_path):
    """Wherever it is: the archive is refused, or what is restored is what was saved."""
    content = file.read_bytes()
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as connection:
        expected = connection.execute("SELECT digits FROM token").fetchall()
    for place in range(0, len(content), max(1, len(content) // 60)):
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        file.write_bytes(damaged)
        try:
            restore(file, tmp_path / "new", PASSPHRASE, NOON)
        except TjugoError:
            assert not (tmp_path / "new").exists()
            continue
        with closing(sqlite3.connect(tmp_path / "new" / DATABASE)) as connection:
            assert connection.execute("SELECT digits FROM token").fetchall() == expected
        shutil.rmtree(tmp_path / "new")


def test_a_station_is_not_replaced_without_force(folder, file, tmp_path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(Conflict, match="--force"):
        restore(file, folder, PASSPHRASE, NOON)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    restore(file, folder, PASSPHRASE, NOON, force=True)
    (aside,) = tmp_path.glob("state.replaced-*")
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == before
    Station.open(folder, clock=Clock()).close()


def test_a_station_that_runs_is_not_replaced(folder, file):
    """Nor one whose link an earlier version runs, which holds no other lock."""
    with state.hold(folder), pytest.raises(Conflict, match="End it first"):
        restore(file, folder, PASSPHRASE, NOON, force=True)
    names = sorted(path.name for path in folder.parent.iterdir())
    with Station.open(folder, clock=Clock()) as one, Station.open(folder, clock=Clock()):
        for _ in range(2):  # opened twice, then once
            with pytest.raises(Conflict, match=r"A program uses the station in .* End it first\."):
                restore(file, folder, PASSPHRASE, NOON, force=True)
            with pytest.raises(Conflict, match="End it first"):
                restoring.check_target(folder, force=True)
            one.close()
    assert sorted(path.name for path in folder.parent.iterdir()) == names
    restore(file, folder, PASSPHRASE, NOON, force=True)


def test_a_station_that_another_process_serves_is_not_replaced(folder, file):
    argv = [PYTHON, "-m", "tjugo", "station", "--port", "0", "--state", str(folder)]
    served = subprocess.Popen(
        [*argv, "--workers", "2"], env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert "http://" in served.stdout.readline()
        with pytest.raises(Conflict, match="End it first"):
            restore(file, folder, PASSPHRASE, NOON, force=True)
    finally:
        served.terminate()
        served.communicate(timeout=60)
    restore(file, folder, PASSPHRASE, NOON, force=True)


def test_a_forked_process_keeps_the_station_in_use(folder, file):
    station = Station.open(folder, clock=Clock())
    ended, end = os.pipe()
    child = os.fork()
    if not child:
        os.close(end)
        os.read(ended, 1)
        os._exit(0)
    os.close(ended)
    station.close()
    with pytest.raises(Conflict, match="End it first"):
        restore(file, folder, PASSPHRASE, NOON, force=True)
    os.close(end)
    os.waitpid(child, 0)
    restore(file, folder, PASSPHRASE, NOON, force=True)


def test_a_station_is_not_opened_while_it_is_replaced(folder, file, monkeypatch):
    sentences = []

    def opened_meanwhile(*given):
        for use in (Station.open, lambda of: backup(of, file, PASSPHRASE, NOON)):
            with pytest.raises(Unavailable) as caught:
                use(folder)
            sentences.append(caught.value.message)
        return set_floor(*given)

    monkeypatch.setattr(restoring, "set_floor", opened_meanwhile)
    restore(file, folder, PASSPHRASE, NOON, force=True)
    assert len(sentences) == 2
    assert all("is being replaced from a backup" in sentence for sentence in sentences)
    Station.open(folder, clock=Clock()).close()


def test_an_empty_folder_is_used(file, tmp_path):
    (tmp_path / "new").mkdir()
    restore(file, tmp_path / "new", PASSPHRASE, NOON)
    Station.open(tmp_path / "new", clock=Clock()).close()


def test_a_restore_that_fails_at_its_end_leaves_the_old_station(folder, file, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(restoring, "sync_folder", full)
    with pytest.raises(Unavailable, match="No space left"):
        restore(file, folder, PASSPHRASE, NOON, force=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


def test_a_backup_that_fails_leaves_the_last_one(folder, file, monkeypatch):
    before = file.read_bytes()
    monkeypatch.setattr(archive, "write_archive", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup(folder, file, PASSPHRASE, NOON)
    assert file.read_bytes() == before
    assert sorted(p.name for p in file.parent.iterdir()) == ["b.zip", "state"]


OWN_FILES = [
    *(DATABASE, f"{DATABASE}-wal", WRITE_LOCK, USE_LOCK, VENDING_KEYS, PEOPLE_KEY, "backup.json"),
    *("database.json", "link.lock", "sta_tables.bin", "tjugo.log"),
]


@pytest.mark.parametrize("name", OWN_FILES)
@pytest.mark.parametrize("way", ["{}", "../state/{}", "../linked/{}"])
def test_a_backup_replaces_no_file_of_the_station(folder, tmp_path, name, way):
    """Also not one that the station has not made yet."""
    (tmp_path / "linked").symlink_to(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(Conflict, match="another folder"):
        backup(folder, folder / way.format(name), PASSPHRASE, NOON)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("content", [b"", b"my only copy", None], ids=["empty", "text", "a ZIP"])
def test_a_backup_replaces_nothing_but_a_backup(folder, tmp_path, content):
    path = tmp_path / "b.zip"
    if content is None:
        with zipfile.ZipFile(path, "w") as other:
            other.writestr("letter.txt", "my only copy")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(Conflict, match=r"another file at .*not a backup.* give another name\."):
        backup(folder, path, PASSPHRASE, NOON)
    assert path.read_bytes() == before and last(folder) is None


def test_a_backup_to_another_name_of_the_database(folder, tmp_path):
    for make in (Path.symlink_to, Path.hardlink_to):
        make(tmp_path / "b.zip", folder / DATABASE)
        before = (folder / DATABASE).read_bytes()
        with pytest.raises(Conflict, match="another file"):
            backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
        assert (folder / DATABASE).read_bytes() == before
        (tmp_path / "b.zip").unlink()


def test_a_backup_replaces_the_last_one_also_in_the_station_s_folder(folder):
    for moment in (NOON, NOON + timedelta(days=1)):
        backup(folder, folder / "b.zip", PASSPHRASE, moment)
        assert last(folder) == moment


def test_a_damaged_database_is_not_backed_up(folder, tmp_path):
    with (folder / DATABASE).open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xff" * 8192)
    with pytest.raises(Unavailable):
        backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state"]


DAMAGES = {
    "no vending keys": (VENDING_KEYS, lambda _: b""),
    "half of the vending keys": (VENDING_KEYS, lambda content: content[: len(content) // 2]),
    "a letter in a vending key": (VENDING_KEYS, lambda c: c.replace(b'"vk": "a', b'"vk": "x')),
    "vending keys that are no text": (VENDING_KEYS, lambda content: b"\xff" + content),
    "no key of people": (PEOPLE_KEY, lambda _: b""),
    "half of the key of people": (PEOPLE_KEY, lambda content: content[:32]),
    "a key of people in other letters": (PEOPLE_KEY, lambda content: b"x" + content[1:]),
    "other STA tables": (STA_TABLES, lambda content: content[:-1] + content[:1]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_secrets_are_not_backed_up_nor_restored(folder, tmp_path, damage, monkeypatch):
    with Station.open(folder) as station, station.view() as view:
        Vault(folder).seal(view, "ada", "secret")
    (tmp_path / "tables").write_bytes(sta_tables.in_use())
    sta_tables.load(tmp_path / "tables", folder)
    name, change = DAMAGES[damage]
    intact = (folder / name).read_bytes()
    (folder / name).write_bytes(change(intact))
    with pytest.raises(Unavailable, match=rf"{name}.* No backup is made\.$") as caught:
        backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    with pytest.raises(Unavailable, match="No backup is made"):
        service.check_source(folder)
    assert not (tmp_path / "b.zip").exists() and last(folder) is None
    assert intact.decode("latin-1")[:16] not in caught.value.message

    def read(folder):  # as an earlier version did
        return {one: (folder / one).read_bytes() for one in secret_files.NAMES}

    with monkeypatch.context() as patched:
        patched.setattr(secret_files, "read", read)
        backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    with pytest.raises(Unavailable, match=rf"In the backup .*{name}.* Nothing is restored"):
        restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON)
    assert not (tmp_path / "new").exists()
    (folder / name).write_bytes(intact)
    backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON)


def test_a_folder_without_a_station_or_keys(folder, tmp_path):
    with pytest.raises(TjugoError, match="no station"):
        backup(tmp_path / "none", tmp_path / "b.zip", PASSPHRASE, NOON)
    (folder / VENDING_KEYS).unlink()
    with pytest.raises(Unavailable, match="missing"):
        backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    with pytest.raises(Unavailable, match="No such file"):
        new_station(tmp_path / "other").close()
        backup(tmp_path / "other", tmp_path / "none" / "b.zip", PASSPHRASE, NOON)


def test_with_the_costs_of_every_day(folder, tmp_path, monkeypatch):
    monkeypatch.undo()
    backup(folder, tmp_path / "b.zip", PASSPHRASE, NOON)
    with zipfile.ZipFile(tmp_path / "b.zip") as opened:
        kdf = json.loads(opened.read("manifest.json"))["kdf"]
    assert (kdf["time_cost"], kdf["memory_cost"], kdf["parallelism"]) == (3, 65536, 4)
    restore(tmp_path / "b.zip", tmp_path / "new", PASSPHRASE, NOON)
