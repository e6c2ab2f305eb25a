"""Provisioning of boards: real ones over their serial port, simulated ones in their folder.

The meter's key goes from the station's key store to the board only; a key that the board has stays
there. The written settings are verified by a hash that the board computes.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tjugo import sta_tables
from tjugo.device import prices, settings_check
from tjugo.device.on_board import settings as on_board
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError, Unavailable
from tjugo.private_file import private_file
from tjugo.station.registry.meters import config_of
from tjugo.station.station import Station

NO_TABLES = b""  # the published sample ones, which the firmware has
SEALED = "sealed"  # the setting: 1 if the factory's step is over
# What may be changed in a sealed meter: nothing of identity, key, credit, measurement, protection
# and tampering.
_NOT_UNDER_SEAL = (
    *("address", "baudrate", "clock", "display", "display_address", "dns", "key_click", "keypad"),
    *("language", "led_imp_per_kwh", "ntp", "rs485_echo", "scroll", "scroll_s", "short_codes"),
    *("tm1637_pins", "wifi", SEALED),
)
_SHORT_DRN = 11
_EMULATED = ("sim", "qemu_mps2")  # boards that measure with the simulated mains
_SIMULATED = "simulated"
_VENDORS = ("bdt", "dkga")  # of the vending side only: the key is made with them


class Board(Protocol):
    """The destination of settings. `tables`: STA tables; NO_TABLES for none; None leaves them."""

    def look(self) -> dict[str, Any]:
        """Return {"settings": without secrets, "role": "meter", "collector" or "", "board": its
        name, None if it is unknown}."""

    def stage(self, added: Mapping[str, Any], tables: bytes | None) -> tuple[str, bool]:
        """Write all files beside those in use; return (digest of the added settings, all others
        kept)."""

    def install(self, tables: bytes | None) -> None:
        """Put the staged files to use."""

    def drop(self) -> None:
        """Discard the staged files."""


def provision(
    board: Board, added: Mapping[str, Any], tables: bytes | None = None, replace: bool = False
) -> None:
    """Add settings to those of a board. Raise TjugoError, and then nothing was changed.

    added: settings by name; others stay. replace: the board may be another meter, whose ledger,
    credit and used tokens included, stays with the board.
    """
    if on_board.MARK in added:
        raise TjugoError(f"The setting {on_board.MARK} is written by the meter only.", status=2)
    found = board.look()
    if not found["role"]:
        raise TjugoError("The board has no meter and no collector yet: run make deploy first.")
    before = found["settings"].get("drn")
    if "drn" in added and before not in (None, added["drn"]) and not replace:
        raise TjugoError(
            f"This board is meter {before}. --replace makes it {added['drn']}; the ledger with "
            "its credit stays as it is."
        )
    _check_seal(found["settings"], added)
    added = prices.with_checksum(found["settings"], added)
    settings = on_board.merged(found["settings"], dict(added))
    part = _SIMULATED if found["board"] in _EMULATED else "s0"
    settings_check.check(found["role"], settings, set(added), part)
    try:
        digest, kept = board.stage(added, tables)
        if digest != on_board.digest(dict(added)) or not kept:
            raise TjugoError("The settings were read back differently; nothing was changed.")
    except TjugoError:
        board.drop()
        raise
    board.install(tables)


def _check_seal(before: Mapping[str, Any], added: Mapping[str, Any]) -> None:
    """Raise TjugoError if the board is a sealed meter and this would change what is under seal.

    `before` has zeros in place of secrets, so that giving a key, or other secrets, is a change.
    """
    changed = [
        name
        for name, value in added.items()
        if name not in _NOT_UNDER_SEAL and (name == "key" or value != before.get(name))
    ]
    if before.get(SEALED) and changed:
        raise TjugoError(
            f"The meter is sealed: {' and '.join(changed)} cannot be changed. "
            "`tjugo provision PORT --unseal` is the factory's step before that."
        )


def meter_settings(station: Station, drn: str) -> dict[str, Any]:
    """Return the settings that are put into a meter in the factory: its number and key register.
    Raise TjugoError."""
    with station.view() as view:
        config = config_of(view, drn)
    return {
        "drn": config.drn,
        "mfr_code": manufacturer_code(config.drn),
        "key": station.backend.decoder_key(config).hex(),
        **{name: found for name, found in config.register().items() if name not in _VENDORS},
    }


def manufacturer_code(drn: str) -> int:
    """Return the code in a DRN: 2 digits of 11, 4 digits of 13 (IEC 62055-41, 6.1.2.3)."""
    return int(drn[:2] if len(drn) == _SHORT_DRN else drn[:4])


def station_tables(station: Station) -> bytes:
    """Return the licensee's STA tables used by a station; NO_TABLES for the sample."""
    return sta_tables.kept(station.state_dir) or NO_TABLES


class FolderBoard:
    """A simulated board: the folder that is its flash."""

    def __init__(self, folder: Path, role: str) -> None:
        self._folder = folder
        self._role = role

    def look(self) -> dict[str, Any]:
        settings = on_board.hidden(self._settings())
        return {"settings": settings, "role": self._role, "board": "sim"}

    def stage(self, added: Mapping[str, Any], tables: bytes | None) -> tuple[str, bool]:
        before = self._settings()
        self._write(on_board.SETTINGS, json.dumps({**before, **added}).encode())
        if tables:
            self._write(on_board.TABLES, tables)
            self._compare(tables)
        found = on_board.load(str(self._new(on_board.SETTINGS)))
        rest = [name for name in before if name not in added]
        kept = all(before[name] == found.get(name) for name in rest)
        return on_board.digest({name: found.get(name) for name in added}), kept

    def install(self, tables: bytes | None) -> None:
        try:
            if tables:
                os.replace(self._new(on_board.TABLES), self._folder / on_board.TABLES)
            elif tables is not None:
                (self._folder / on_board.TABLES).unlink(missing_ok=True)
            os.replace(self._new(on_board.SETTINGS), self._folder / on_board.SETTINGS)
        except OSError as error:
            raise Unavailable(f"{self._folder} cannot be written: {error.strerror}.") from error

    def drop(self) -> None:
        for name in (on_board.SETTINGS, on_board.TABLES):
            self._new(name).unlink(missing_ok=True)

    def _settings(self) -> dict[str, Any]:
        return on_board.load(str(self._folder / on_board.SETTINGS))

    def _new(self, name: str) -> Path:
        return self._folder / (name + on_board.NEW)

    def _write(self, name: str, content: bytes) -> None:
        with private_file(self._new(name)) as file:
            file.write(content)

    def _compare(self, tables: bytes) -> None:
        if self._new(on_board.TABLES).read_bytes() != tables:
            raise TjugoError("The STA tables were read back differently; nothing was changed.")


class RemoteBoard:
    """A board at the end of a serial line, real or emulated."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = self._remote.call("settings", "look")
        return found

    def stage(self, added: Mapping[str, Any], tables: bytes | None) -> tuple[str, bool]:
        if tables:
            name = on_board.TABLES + on_board.NEW
            self._remote.write(name, tables)
            if self._remote.hashes([name])[name] != hashlib.sha256(tables).hexdigest():
                raise TjugoError("The STA tables were read back differently; nothing was changed.")
        self._remote.write(on_board.ADDED, json.dumps(added).encode())
        digest, kept = self._remote.call("settings", "stage")
        return digest, kept

    def install(self, tables: bytes | None) -> None:
        self._remote.call("settings", "install", 0 if tables is None else 1 if tables else -1)

    def drop(self) -> None:
        self._remote.call("settings", "drop")
