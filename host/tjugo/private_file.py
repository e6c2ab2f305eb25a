"""Files readable by their owner only, written atomically."""

import os
import secrets
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from tjugo.errors import Unavailable

_OTHERS = 0o077
_BLOCK = 1 << 16


def shared_files(folder: Path) -> list[str]:
    """Return the names of the files in a folder for which others have permissions."""
    found = []
    for path in sorted(folder.iterdir()):
        with suppress(FileNotFoundError):  # SQLite removes its files when it closes the database
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & _OTHERS:
                found.append(path.name)
    return found


def tighten(folder: Path, leave: Collection[str] = ()) -> None:
    """Remove the permissions of other users from every file in a folder, except the names to
    `leave`. Raise Unavailable for a file that has another owner."""
    for name in shared_files(folder):
        if name in leave:
            continue
        path = folder / name
        try:
            path.chmod(path.lstat().st_mode & ~_OTHERS & 0o777)
        except FileNotFoundError:
            pass  # SQLite removes its files when it closes the database
        except OSError as error:
            raise Unavailable(
                f"Others may read {path}, and that cannot be changed: {error.strerror}."
            ) from error


def others_may_read(file: IO[Any]) -> bool:
    """Return whether an open file has permissions for other users than its owner."""
    return os.name == "posix" and bool(os.fstat(file.fileno()).st_mode & _OTHERS)


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file, mode 0600, and rename it to `path` at the end of the block.

    After an exception in the block `path` is unchanged. Raise Unavailable if it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(temporary, flags, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Write the names of a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def overwrite(file: BinaryIO) -> None:
    """Replace the bytes of a file, opened for writing, by random ones, on the disk.

    A file system that copies on write, and flash media, may keep the old bytes elsewhere.
    """
    left = os.fstat(file.fileno()).st_size
    file.seek(0)
    while left > 0:
        left -= file.write(secrets.token_bytes(min(left, _BLOCK)))
    file.flush()
    os.fsync(file.fileno())


def create_private(path: Path, content: str) -> None:
    """Create a file, mode 0600, atomically. An existing file is not changed."""
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # A link, not a rename: if two programs create the file at once, the first one wins.
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.") from error
