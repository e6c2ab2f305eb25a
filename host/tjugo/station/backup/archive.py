"""The archive of a backup: a ZIP file with manifest, database and sealed secrets."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from tjugo import foreign_json
from tjugo.encryption import check_kdf
from tjugo.errors import TjugoError
from tjugo.paths import DATABASE
from tjugo.private_file import private_file

FORM, VERSION = "tjugo-backup", 1
MANIFEST, SECRETS = "manifest.json", "secrets.bin"
MOST_MANIFEST, MOST_SECRETS = 100_000, 10_000_000
NOT_ONE = "{} is not a backup of a Tjugo station, or it is damaged."
_BLOCK = 1 << 20
_TEXTS = ("database_sha256", "program", "schema")


@dataclass(frozen=True)
class Backup:
    """A backup. made_at: the time of the database's contents. version: of the program that made
    it."""

    made_at: datetime
    version: str
    schema: str


def write_archive(file: BinaryIO, head: bytes, sealed: bytes, copy: Path) -> None:
    """Write manifest, sealed secrets and the copy of the database."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, head)
        archive.writestr(SECRETS, sealed)
        archive.write(copy, DATABASE)


@contextmanager
def opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """Read an archive in the block. Raise TjugoError if it is damaged, there or in the block."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError) as error:
        # RuntimeError: a member in a form that zipfile does not read, or encrypted by ZIP's means.
        raise TjugoError(NOT_ONE.format(file)) from error


def member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return a member of at most `most` bytes."""
    with archive.open(name) as member:
        content = member.read(most + 1)
    if len(content) > most:
        raise zipfile.BadZipFile(name)
    return content


def extract(archive: zipfile.ZipFile, path: Path) -> None:
    """Write the database of an archive, limited to the size that its directory gives."""
    left = archive.getinfo(DATABASE).file_size
    with archive.open(DATABASE) as member, private_file(path) as file:
        while block := member.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(DATABASE)
            file.write(block)


def read_manifest(file: Path, head: bytes) -> dict[str, Any]:
    """Return the checked manifest. Raise TjugoError if it is invalid, or of a newer version."""
    try:
        manifest = foreign_json.loads(head)
        if manifest["form"] != FORM:
            raise ValueError(manifest["form"])
        version, kdf = manifest["version"], manifest["kdf"]
        if version == VERSION:
            datetime.fromisoformat(manifest["made_at"])
            check_kdf(kdf)
            if not all(isinstance(manifest[name], str) for name in _TEXTS):
                raise ValueError(manifest)
    except (ValueError, TypeError, KeyError) as error:
        raise TjugoError(NOT_ONE.format(file)) from error
    if version != VERSION:
        raise TjugoError(f"{file} was made by a newer version of Tjugo. Install that version.")
    return dict(manifest)


def facts(manifest: dict[str, Any]) -> Backup:
    """Return what a checked manifest says of its backup."""
    made_at = datetime.fromisoformat(manifest["made_at"]).astimezone(UTC)
    return Backup(made_at, manifest["program"], manifest["schema"])
