"""Changes of the vending key file: sealing it, its locks, and its keys.

Each is one rename: after a crash the file is the old or the new one. While a plain file is
replaced by a sealed one, the plain one also has the name of `plain_copy`, so that its bytes are
overwritten even when the program ended in between.
"""

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tjugo import key_file, sealed_keys
from tjugo.errors import Conflict, TjugoError, Unavailable, reason
from tjugo.key_register import RegisteredKey, VendingKey
from tjugo.lock_file import waiting
from tjugo.private_file import overwrite, private_file, sync_folder
from tjugo.sealed_keys import Sealed, Secret


def plain_copy(path: Path) -> Path:
    """Return the second name that a plain key file has while it is replaced by a sealed one."""
    return path.with_name(f".{path.name}.plain")


def finish(path: Path) -> None:
    """Complete a sealing that a crash interrupted."""
    copy = plain_copy(path)
    if not copy.exists():
        return
    try:
        if path.exists() and path.samefile(copy):
            copy.unlink(missing_ok=True)  # before the rename: the plain file is still in use
        else:
            _wipe(copy)
    except OSError as error:
        raise Unavailable(f"{copy} cannot be overwritten: {error.strerror}.") from error


def seal(path: Path, opened_by: Sequence[Secret], data_key: bytes | None = None) -> None:
    """Seal the key file, plain or sealed, under a new data key which each of the secrets opens.

    data_key: of a sealed file; its locks and recovery shares do not open the new one. Raise
    TjugoError.
    """
    if not opened_by:
        raise TjugoError("Give a passphrase or a key file that opens the sealed keys.", 2)
    with waiting(path.parent):
        finish(path)
        found = key_file.read(path)
        new = sealed_keys.seal(opened(found, data_key), opened_by)
        if found.sealed is None:
            _replace_plain(path, new.text())
        else:
            _replace(path, new.text())


def set_lock(path: Path, secret: Secret, data_key: bytes) -> None:
    """Add a passphrase or a key file that opens the sealed file, or replace the one that does."""
    with waiting(path.parent):
        sealed = _sealed(path)
        opened(key_file.KeyFile(sealed.registers, None, sealed), data_key)
        _replace(path, sealed.with_lock(secret, data_key).text())


def note_shares(path: Path, share_set: str, needed: int, of: int, made_on: str) -> None:
    """Record that recovery shares were made; the shares themselves are not kept."""
    note = {"set": share_set, "needed": needed, "of": of, "made_on": made_on}
    with waiting(path.parent):
        sealed = _sealed(path)
        _replace(path, replace(sealed, shares=(*sealed.shares, note)).text())


def add_keys(
    path: Path, new: Sequence[VendingKey], data_key: bytes | None = None
) -> list[VendingKey]:
    """Add vending keys; return those that were not there. Raise Conflict when one is there
    already, with another secret or terms."""
    with waiting(path.parent):
        found = key_file.read(path)
        keys = {key.place: key for key in opened(found, data_key)}
        added = [key for key in new if key.place not in keys]
        for key in new:
            if keys.setdefault(key.place, key) != key:
                raise Conflict(f"There is another vending key of {key.name} already.")
        _write_keys(path, found, list(keys.values()), data_key)
    return added


def change_key(path: Path, new: VendingKey, data_key: bytes | None = None) -> None:
    """Replace a vending key by one of the same SGC, KRN and KT, with other terms."""
    with waiting(path.parent):
        found = key_file.read(path)
        keys = [new if key.place == new.place else key for key in opened(found, data_key)]
        _write_keys(path, found, keys, data_key)


def all_keys(path: Path, data_key: bytes | None = None) -> list[VendingKey]:
    """Return the keys of a key file. Raise TjugoError."""
    return opened(key_file.read(path), data_key)


def find(path: Path, place: tuple[int, int, int], data_key: bytes | None = None) -> VendingKey:
    """Return the key with this SGC, KRN and KT. Raise TjugoError."""
    for key in all_keys(path, data_key):
        if key.place == place:
            return key
    sgc, krn, kt = place
    wanted = RegisteredKey(sgc=sgc, krn=krn, kt=kt)
    raise reason("vending_key_missing", f"There is no vending key for {wanted.name}.")


def opened(found: key_file.KeyFile, data_key: bytes | None) -> list[VendingKey]:
    """Return the keys of a file. Raise TjugoError when it is sealed and the data key does not open
    it."""
    if found.sealed is None:
        return list(found.keys or ())
    if data_key is None:
        raise key_file.locked(found.sealed)
    keys = found.sealed.open(data_key)
    if keys is None:
        raise Unavailable("The vending key file was sealed again: unlock it once more.")
    return keys


def _sealed(path: Path) -> Sealed:
    sealed = key_file.read(path).sealed
    if sealed is None:
        raise TjugoError("The vending keys are not sealed: `tjugo key seal` seals them.")
    return sealed


def _write_keys(
    path: Path, found: key_file.KeyFile, keys: list[VendingKey], data_key: bytes | None
) -> None:
    if found.sealed is None:
        text = json.dumps({"keys": [key.as_json() for key in keys]}, indent=2) + "\n"
    else:
        assert data_key is not None
        text = found.sealed.with_keys(keys, data_key).text()
    _replace(path, text)


def _replace(path: Path, text: str) -> None:
    with private_file(path) as file:
        file.write(text.encode())
    sync_folder(path.parent)


def _replace_plain(path: Path, text: str) -> None:
    copy = plain_copy(path)
    try:
        # Open before the rename: another program that opens the station may remove the name.
        with path.open("r+b") as plain:
            copy.hardlink_to(path)
            sync_folder(path.parent)
            _replace(path, text)
            overwrite(plain)
        copy.unlink(missing_ok=True)
        for left in path.parent.glob(f".{path.name}.*"):  # of writers that were interrupted
            _wipe(left)
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(f"{path} cannot be sealed: {error.strerror}.") from error


def _wipe(path: Path) -> None:
    """Overwrite and remove a file, unless another program was first."""
    with suppress(FileNotFoundError):
        with path.open("r+b") as file:
            overwrite(file)
        path.rename(gone := path.with_name(f".{secrets.token_hex(8)}"))
        gone.unlink()
