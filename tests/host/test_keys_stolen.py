"""A stolen station.db, its backup, its log or its whole folder give no key."""

import base64
import logging
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from keys_kit import KEY, PASSPHRASE, cheap, sealed_station  # noqa: F401
from station_kit import NOON, Clock, drn, new_station, see

from tjugo import key_file
from tjugo.errors import TjugoError
from tjugo.log_file import PrivateLog
from tjugo.paths import LOG
from tjugo.station.backup.restore import restore
from tjugo.station.backup.service import backup
from tjugo.station.keys import service, shares, store
from tjugo.station.registry.meters import config_of
from tjugo.station.station import Station
from tjugo.station.vending.vend import sell

pytestmark = pytest.mark.usefixtures("cheap")


def forms(secret: bytes) -> set[bytes]:
    """Return what a secret looks like in raw, hex and base64, wherever it begins in it."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            # Only the characters that do not depend on the neighbours.
            text = encode(bytes(before) + secret + bytes(2))
            first = (before * 8 + 5) // 6
            found.add(text[first : (before + len(secret)) * 8 // 6])
    return found


def found_in(secrets: list[bytes], content: bytes) -> list[bytes]:
    return [secret for secret in secrets if any(form in content for form in forms(secret))]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, and every member of an archive, also as it is packed."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found[str(path)] = path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        found[f"{path}/{name}"] = archive.read(name)
    return found


def secrets_of(station: Station) -> list[bytes]:
    """Return every vending key and decoder key, and the data key, of an unlocked station."""
    keys = key_file.load_keys(station.state_dir / "vending_keys.json", KEY)
    configs = [see(station, config_of, drn(number)) for number in (1, 2, 3)]
    decoder_keys = [station.backend.decoder_key(config) for config in configs]
    return [bytes.fromhex(key.vk) for key in keys] + decoder_keys + [station.backend.data_key()]


@pytest.fixture
def station(tmp_path):
    """Return a station that has worked with its keys, and logged all it can."""
    folder = tmp_path / "state"
    handler = None
    with sealed_station(folder) as opened:
        handler = PrivateLog(folder / LOG)
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with pytest.raises(TjugoError):
                service.unlock(opened, "op:ada", "a wrong passphrase")
            opened.backend._attempts.count(True)
            service.unlock(opened, "op:ada", PASSPHRASE)
            for number in (1, 2, 3):
                sell(opened, "till", f"sale-{number}", drn(number), Decimal(7))
            made = shares.split(opened.backend.data_key(), 2, 3)
            path = folder / "vending_keys.json"
            store.note_shares(path, made[0].share_set, 2, 3, "2026-11-26")
            backup(folder, folder.parent / "backup.zip", "another passphrase", NOON)
            logging.getLogger("tjugo").error("%r %r", opened.backend, opened.backend.registers())
            yield opened
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            handler.close()


def test_nothing_that_is_stored_has_a_key(station, tmp_path):
    secrets = [*secrets_of(station), PASSPHRASE.encode(), KEY, b"a wrong passphrase"]
    station.close()
    found = contents(tmp_path)
    names = {Path(name).name for name in found}
    assert {"station.db", "vending_keys.json", "backup.zip", "secrets.bin", LOG} <= names
    for name, content in found.items():
        assert found_in(secrets, content) == [], name


def test_the_search_finds_keys_of_a_station_that_is_not_sealed(tmp_path):
    with new_station(tmp_path / "state", Clock()) as station:
        vk = station.backend._ring._keys[(123457, 1, 2)].vk
    found = contents(tmp_path / "state")
    hits = [name for name, content in found.items() if found_in([bytes.fromhex(vk)], content)]
    assert [Path(name).name for name in hits] == ["vending_keys.json"]


@pytest.mark.parametrize("before", range(4))
def test_the_search_finds_every_form(before):
    secret = bytes(range(50, 70))
    around = b"\xff" * before + secret + b"\xee" * 5
    for text in (
        around,
        around.hex().encode(),
        around.hex().upper().encode(),
        base64.b64encode(around),
        base64.urlsafe_b64encode(around),
    ):
        assert found_in([secret], b"more " + text + b" text") == [secret]


def test_a_restored_station_is_sealed_as_it_was(station, tmp_path):
    vk = key_file.load_keys(station.state_dir / "vending_keys.json", KEY)
    station.close()
    restore(tmp_path / "backup.zip", tmp_path / "new", "another passphrase", NOON)
    with Station.open(tmp_path / "new", clock=Clock()) as new:
        assert new.backend.locked
        service.unlock(new, "op:ada", PASSPHRASE)
        assert key_file.load_keys(tmp_path / "new" / "vending_keys.json", PASSPHRASE) == vk


def test_sealing_leaves_no_key_in_the_folder(tmp_path):
    folder = tmp_path / "state"
    new_station(folder, Clock()).close()
    path = folder / "vending_keys.json"
    keys = [bytes.fromhex(key.vk) for key in key_file.load_keys(path)]
    (folder / f".{path.name}.0a1b2c3d").write_bytes(path.read_bytes())  # a writer was interrupted
    store.seal(path, [PASSPHRASE])
    for name, content in contents(folder).items():
        assert found_in(keys, content) == [], name
