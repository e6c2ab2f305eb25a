"""A copy of a running station in one file, and a station from such a file.

The archive is a ZIP file: `manifest.json`, `station.db` (a consistent moment of the database), and
`secrets.bin`, the vending keys and STA tables, encrypted with a key that Argon2id makes of a
passphrase (RFC 9106), by AES-256-GCM. The manifest is authenticated with them, and has the hash of
the database: with the passphrase, a changed archive is refused. The database is not encrypted.
"""

import base64
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from Crypto.Cipher import AES

from tjugo import __version__, sta_tables
from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.paths import DATABASE, VENDING_KEYS
from tjugo.private_file import private_file
from tjugo.station.link import state as link_state
from tjugo.station.storage import engine as storage
from tjugo.station.storage.moments import iso

FORM, VERSION = "tjugo-backup", 1
MANIFEST, SECRETS = "manifest.json", "secrets.bin"
LAST = "backup.json"  # in the station's folder: when the last backup was made
SECRET_FILES = (VENDING_KEYS, sta_tables.FILE)

# No TID of a restored station is at or before the moment of the restore plus this. The station
# that was lost may have sold until then, and ahead of its clock: a token a minute of one meter.
MARGIN = timedelta(days=1)

# Argon2id, the second recommended option of RFC 9106: 64 MiB, 3 passes, 4 lanes.
_COSTS = {"time_cost": 3, "memory_cost": 64 * 1024, "parallelism": 4}
_MOST_COSTS = {"time_cost": 20, "memory_cost": 1024 * 1024, "parallelism": 64}
_SALT, _NONCE, _TAG, _KEY = 16, 12, 16, 32
_MOST_MANIFEST, _MOST_SECRETS = 100_000, 10_000_000
_BLOCK = 1 << 20
_NOT_ONE = "{} is not a backup of a Tjugo station, or it is damaged."


@dataclass(frozen=True)
class Backup:
    """made_at: the moment of the database. version: of the program that made it."""

    made_at: datetime
    version: str
    schema: str


def backup(state_dir: Path, file: Path, passphrase: str, now: datetime) -> Backup:
    """Write a backup of the station in a folder while it runs. Raise TjugoError.

    `file` is replaced at the end, or stays as it was. It is written for its owner alone.
    """
    database = state_dir / DATABASE
    if not database.is_file():
        raise TjugoError(f"There is no station in {state_dir}.")
    hidden = {name: state_dir / name for name in SECRET_FILES if (state_dir / name).exists()}
    if VENDING_KEYS not in hidden:
        raise Unavailable(f"The vending key file {state_dir / VENDING_KEYS} is missing.")
    copy = file.with_name(f".{file.name}.{secrets.token_hex(4)}.db")
    try:
        with _disk(file), storage.sentences(database):
            schema = _copy_database(database, copy)
            kdf = {**_COSTS, "salt": secrets.token_hex(_SALT)}
            manifest: dict[str, Any] = {
                "form": FORM,
                "version": VERSION,
                "program": __version__,
                "made_at": iso(now),
                "schema": schema,
                "database_sha256": _sha256(copy),
                "kdf": kdf,
            }
            head = json.dumps(manifest, indent=2).encode()
            content = {name: _base64(path.read_bytes()) for name, path in hidden.items()}
            sealed = _seal(json.dumps(content).encode(), passphrase, kdf, head)
            with private_file(file) as opened:
                _write_archive(opened, head, sealed, copy)
        note = {"form": FORM, "version": VERSION, "made_at": iso(now), "file": str(file)}
        with private_file(state_dir / LAST) as noted:
            noted.write(json.dumps(note).encode())
    finally:
        for path in (copy, Path(f"{copy}-wal"), Path(f"{copy}-shm"), Path(f"{copy}-journal")):
            path.unlink(missing_ok=True)
    return _facts(manifest)


def last(state_dir: Path) -> datetime | None:
    """Return when the last backup of this station was made, None if none was."""
    try:
        note = json.loads((state_dir / LAST).read_bytes())
        return datetime.fromisoformat(note["made_at"]).astimezone(UTC)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def restore(
    file: Path,
    state_dir: Path,
    passphrase: str,
    now: datetime,
    force: bool = False,
    accept_clock: bool = False,
) -> Backup:
    """Make a station of a backup. Raise TjugoError; then nothing was changed.

    Raise Conflict when there is something in the folder; with force, what is there is moved aside
    to a folder of its own, never deleted. No TID up to `now` plus MARGIN will be issued; raise
    Conflict when that is before the newest token of the backup, unless accept_clock.
    """
    _check_target(state_dir, force)
    new = state_dir.with_name(f".{state_dir.name}.{secrets.token_hex(4)}")
    with _disk(state_dir):
        state_dir.parent.mkdir(parents=True, exist_ok=True)
        new.mkdir(mode=0o700)
        try:
            with _opened(file) as archive:
                head = _member(archive, MANIFEST, _MOST_MANIFEST)
                manifest = _manifest(file, head)
                sealed = _member(archive, SECRETS, _MOST_SECRETS)
                hidden = _unseal(file, sealed, passphrase, manifest, head)
                _extract(archive, new / DATABASE)
            if _sha256(new / DATABASE) != manifest["database_sha256"]:
                raise TjugoError(_NOT_ONE.format(file))
            for name, content in hidden.items():
                with private_file(new / name) as written:
                    written.write(content)
            _set_floor(new / DATABASE, now, accept_clock)
            _move(new, state_dir, now)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return _facts(manifest)


def _facts(manifest: dict[str, Any]) -> Backup:
    made_at = datetime.fromisoformat(manifest["made_at"]).astimezone(UTC)
    return Backup(made_at, manifest["program"], manifest["schema"])


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        name = error.filename or path
        raise Unavailable(f"{name} cannot be used: {error.strerror or error}.") from error


# The database


def _copy_database(database: Path, copy: Path) -> str:
    """Copy one moment of a database that others write to; return its schema.

    All pages in one step: in WAL mode that is one read transaction, which delays no writer, and
    the copy does not begin anew when they commit.
    """
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source:
        source.execute(f"PRAGMA busy_timeout={storage.BUSY_MS}")
        with closing(sqlite3.connect(copy)) as target:
            source.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            return _check(target, database)


def _check(database: sqlite3.Connection, name: Path) -> str:
    """Return the schema of a database that is whole. Raise TjugoError if it is not."""
    try:
        (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        (schema,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise Unavailable(f"{name} is not a database of Tjugo, or it is damaged.") from error
    if found != "ok":
        raise Unavailable(f"The database {name} is damaged: {found}.")
    return str(schema)


def _set_floor(database: Path, now: datetime, accept_clock: bool) -> None:
    """Upgrade a restored database and record below which moment no TID is issued."""
    engine = storage.open_engine(database)
    try:
        with storage.sentences(database):
            storage.upgrade(engine, database)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(database)) as connection, connection:
        _check(connection, database)
        here = now.astimezone(UTC).replace(tzinfo=None)
        (latest,) = connection.execute("SELECT max(issued_at) FROM token").fetchone()
        if latest and datetime.fromisoformat(latest) > here and not accept_clock:
            raise Conflict(
                f"The newest token of the backup is of {latest[:16]} UTC, this machine's clock is "
                f"at {here:%Y-%m-%d %H:%M}. Set the clock, or use --accept-clock if it is right."
            )
        floor = (here + MARGIN).strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute(
            "UPDATE tenant SET tid_floor = ? WHERE tid_floor IS NULL OR tid_floor < ?",
            (floor, floor),
        )
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


# The secrets


def _key(passphrase: str, kdf: dict[str, Any]) -> bytes:
    costs = {name: kdf[name] for name in _COSTS}
    salt = bytes.fromhex(kdf["salt"])
    return hash_secret_raw(passphrase.encode(), salt, hash_len=_KEY, type=Type.ID, **costs)


def _seal(content: bytes, passphrase: str, kdf: dict[str, Any], head: bytes) -> bytes:
    """Return nonce, tag and the encrypted content; head is authenticated with it."""
    if not passphrase:
        raise TjugoError("A backup needs a passphrase.", 2)
    nonce = secrets.token_bytes(_NONCE)
    cipher = AES.new(_key(passphrase, kdf), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(head)
    encrypted, tag = cipher.encrypt_and_digest(content)
    return nonce + tag + encrypted


def _unseal(
    file: Path, sealed: bytes, passphrase: str, manifest: dict[str, Any], head: bytes
) -> dict[str, bytes]:
    """Return {file name: content}. Raise TjugoError: a wrong passphrase, a changed archive."""
    nonce, tagged = sealed[:_NONCE], sealed[_NONCE:]
    try:
        key = _key(passphrase, manifest["kdf"])
        cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
        cipher.update(head)
        content = cipher.decrypt_and_verify(tagged[_TAG:], tagged[:_TAG])
    except (ValueError, Argon2Error):
        raise TjugoError(
            f"The passphrase is not that of {file}, or the file was changed: nothing is restored."
        ) from None
    hidden = {name: base64.b64decode(text) for name, text in json.loads(content).items()}
    if not {VENDING_KEYS} <= set(hidden) <= set(SECRET_FILES):
        raise TjugoError(_NOT_ONE.format(file))
    return hidden


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


# The archive


def _write_archive(opened: BinaryIO, head: bytes, sealed: bytes, copy: Path) -> None:
    with zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, head)
        archive.writestr(SECRETS, sealed)
        archive.write(copy, DATABASE)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError) as error:
        # RuntimeError: a member in a form that zipfile does not read, or encrypted by ZIP's means.
        raise TjugoError(_NOT_ONE.format(file)) from error


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as member:
        content = member.read(most + 1)
    if len(content) > most:
        raise zipfile.BadZipFile(name)
    return content


def _extract(archive: zipfile.ZipFile, path: Path) -> None:
    """Write the database of an archive, never more than its directory announces."""
    left = archive.getinfo(DATABASE).file_size
    with archive.open(DATABASE) as member, private_file(path) as file:
        while block := member.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(DATABASE)
            file.write(block)


def _manifest(file: Path, head: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(head)
        if manifest["form"] != FORM:
            raise ValueError(manifest["form"])
        version, kdf = manifest["version"], manifest["kdf"]
        if version == VERSION:
            _facts(manifest)
            bytes.fromhex(kdf["salt"])
            dear = any(not 1 <= kdf[name] <= most for name, most in _MOST_COSTS.items())
            if dear or not isinstance(manifest["database_sha256"], str):
                raise ValueError(kdf)
    except (ValueError, TypeError, KeyError) as error:
        raise TjugoError(_NOT_ONE.format(file)) from error
    if version != VERSION:
        raise TjugoError(f"{file} was made by a newer version of Tjugo. Install that version.")
    return dict(manifest)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# The folder


def _check_target(state_dir: Path, force: bool) -> None:
    """Raise Conflict if a station would be replaced without force, or while it is in use."""
    if link_state.held(state_dir):
        raise Conflict(f"A program runs the station in {state_dir}. End it first.")
    try:
        used = state_dir.exists() and any(state_dir.iterdir())
    except NotADirectoryError:
        raise Conflict(f"{state_dir} is a file, not a folder.") from None
    except OSError as error:
        raise Unavailable(f"{state_dir} cannot be read: {error.strerror}.") from error
    if used and not force:
        raise Conflict(
            f"The folder {state_dir} is not empty. Restore into another one, or use --force, "
            "which moves aside what is there."
        )


def _move(new: Path, state_dir: Path, now: datetime) -> None:
    """Put the new folder in the place of the old one, which is kept under another name."""
    _sync(new)
    if state_dir.exists() and any(state_dir.iterdir()):
        aside = state_dir.with_name(f"{state_dir.name}.replaced-{now:%Y%m%dT%H%M%S}")
        state_dir.rename(aside)
        try:
            new.rename(state_dir)
        except OSError:
            aside.rename(state_dir)
            raise
    else:
        new.rename(state_dir)  # over an empty folder, if there is one
    with suppress(OSError):
        _sync(state_dir.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
