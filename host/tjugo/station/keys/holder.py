"""Vending keys in memory, from a key file that may be sealed: unlocking, locking, and reading
again what another program has written."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Self

from tjugo import key_file, sealed_keys
from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.key_register import RegisteredKey, VendingKey
from tjugo.lock_file import waiting
from tjugo.sealed_keys import Sealed, Secret
from tjugo.station.keys.attempts import Attempts
from tjugo.station.keys.ring import Ring
from tjugo.station.keys.shared import Shared

Stamp = tuple[int, int, int] | None
"""What changes when a file is replaced; None where there is none."""


class Holder:
    """The vending keys of a key file. Safe for several threads.

    keys: None while they are locked. path: the key file, which is read again when its stamp
    changes. monotonic: seconds.
    """

    def __init__(
        self,
        keys: Sequence[VendingKey] | None,
        sealed: Sealed | None = None,
        path: Path | None = None,
        stamp: Stamp = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sealed = sealed
        self._path = path
        self._data_key: bytes | None = None
        self._results: dict[str, list[str]] = {}  # the latest tokens by message id
        self._shared = Shared()  # with the processes that are forked from this one
        self._generation = 0
        self._attempts = Attempts(self._shared, monotonic)
        self._lock = threading.RLock()
        self._stamp = stamp
        known = sealed.registers if sealed else tuple(key.registered() for key in keys or ())
        self._registers = {key.place: key for key in known}
        self._ring = None if keys is None else Ring(keys)
        self.tell: Callable[[bool], None] | None = None
        """Called with True when this process locked the vending keys, with False when it unlocked
        them."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return a back end with the keys of a file, locked when they are sealed; see
        key_file.read."""
        stamp = _stamp(path)  # before it is read: what is written meanwhile is read again
        found = key_file.read(path)
        return cls(found.keys, found.sealed, path, stamp)

    @property
    def locked(self) -> bool:
        """Whether the vending keys are locked."""
        self._refresh()
        return self._ring is None

    @property
    def sealed(self) -> Sealed | None:
        """The sealed form of the key file, None when it is not sealed."""
        self._refresh()
        return self._sealed

    def unlock(self, secret: Secret) -> None:
        """Unlock the vending keys. Raise TjugoError for a wrong secret, and while one has to wait
        after wrong ones. A passphrase where none opens them is no attempt."""
        with self._lock:
            self._refresh()
            if self._sealed is None:
                return
            if isinstance(secret, str) and sealed_keys.PASSPHRASE not in self._sealed.kinds:
                raise reason("unlock_refused", sealed_keys.KEY_FILE_ONLY)
            with self._shared_lock():
                self._attempts.check()
            data_key = self._sealed.data_key(secret)
            with self._shared_lock():
                self._attempts.count(data_key is not None)
            if data_key is None:
                word = "passphrase" if isinstance(secret, str) else "key file"
                raise reason("unlock_refused", f"This {word} does not open the vending keys.")
            self.open(data_key)

    def open(self, data_key: bytes) -> None:
        """Unlock the vending keys with the data key itself, as recovery shares do. Raise
        TjugoError."""
        with self._lock:
            keys = self._sealed.open(data_key) if self._sealed else None
            if keys is None:
                raise Unavailable("The vending key file was changed: restore it from a backup.")
            self._data_key = data_key
            self._ring = Ring(keys)
            self._share(True, data_key)

    def lock(self) -> None:
        """Forget the vending keys and what was derived from them. Raise TjugoError when the key
        file is not sealed."""
        with self._lock:
            if self._sealed is None:
                raise TjugoError("The vending keys are not sealed: `tjugo key seal` seals them.")
            self._forget()
            self._share(False)

    def data_key(self) -> bytes | None:
        """Return the data key of the sealed file while it is unlocked, for this package."""
        return self._data_key

    def vending_register(self, sgc: int, kt: int, krn: int) -> RegisteredKey | None:
        """Return the public part of a vending key, None where there is none."""
        self._refresh()
        return self._registers.get((sgc, krn, kt))

    def registers(self) -> tuple[RegisteredKey, ...]:
        """Return the public part of every vending key."""
        self._refresh()
        return tuple(self._registers.values())

    def _opened(self) -> Ring:
        self._refresh()
        ring = self._ring
        if ring is None:
            raise key_file.locked(self._sealed)
        return ring

    def _forget(self) -> None:
        self._ring = self._data_key = None
        self._results.clear()

    def _share(self, unlocked: bool, data_key: bytes = b"") -> None:
        with self._shared_lock():
            state = self._shared.read()._replace(unlocked=unlocked, data_key=data_key)
            self._generation = self._shared.write(state)
        self._tell(not unlocked)

    def _tell(self, locked: bool) -> None:
        if self.tell is not None:
            self.tell(locked)

    def _shared_lock(self) -> AbstractContextManager[None]:
        return nullcontext() if self._path is None else waiting(self._path.parent)

    def _follow(self) -> None:
        """Lock or unlock as another process of the station did."""
        with self._lock:
            with self._shared_lock():
                state = self._shared.read()
            self._generation = state.generation
            if self._sealed is None:
                return
            if not state.unlocked:
                self._forget()
            elif state.data_key != self._data_key:
                keys = self._sealed.open(state.data_key)
                if keys is not None:
                    self._data_key, self._ring = state.data_key, Ring(keys)

    def _refresh(self) -> None:
        """Take over what other processes did: the key file if it was replaced, locking and
        unlocking. A file that cannot be read or opened leaves the keys as they are."""
        self._read_again()
        if self._shared.generation() != self._generation:
            self._follow()

    def _read_again(self) -> None:
        if self._path is None or (stamp := _stamp(self._path)) == self._stamp or stamp is None:
            return
        with self._lock:
            if stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                found = key_file.read(self._path)
            except TjugoError:
                return
            self._use(found)

    def _use(self, found: key_file.KeyFile) -> None:
        keys = found.keys
        if found.sealed is not None and self._data_key is not None:
            opened = found.sealed.open(self._data_key)
            keys = None if opened is None else tuple(opened)
        self._sealed = found.sealed
        self._registers = {key.place: key for key in found.registers}
        if keys is not None:
            self._ring = Ring(keys)
            if found.sealed is None:
                self._tell(False)
        elif self._ring is not None and not self._ring.has(found.registers):
            # Sealed again while it was unlocked, and with other keys: the secret is needed.
            self._forget()
            self._tell(True)


def _stamp(path: Path | None) -> Stamp:
    """Return what changes when a file is replaced; None where there is none."""
    try:
        found = os.stat(path) if path else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None
