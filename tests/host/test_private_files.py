"""Files of a station are accessible to their owner only, also those created with other modes."""

import os
import stat
from pathlib import Path

import pytest
from station_kit import new_station

from tjugo.errors import Unavailable
from tjugo.private_file import tighten
from tjugo.station.station import Station


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_an_open_database_is_tightened(tmp_path):
    folder = tmp_path / "state"
    new_station(folder).close()
    names = ("station.db", "station.db-wal", "station.db-shm", "station.log")
    for name in names:
        (folder / name).touch()
        (folder / name).chmod(0o644)
    with Station.open(folder) as station:
        with station.view():
            pass
        assert {_mode(folder / name) for name in names if (folder / name).exists()} == {0o600}


def test_links_and_folders_are_left_alone(tmp_path):
    (tmp_path / "inner").mkdir(mode=0o755)
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "inner").mkdir()
    (folder / "inner").chmod(0o755)
    tighten(folder)
    assert _mode(outside) == 0o644 and _mode(folder / "inner") == 0o755


def test_a_file_of_somebody_else_is_refused(tmp_path, monkeypatch):
    (tmp_path / "station.db").touch()
    (tmp_path / "station.db").chmod(0o644)

    def refuse(*_given, **_more):
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(Unavailable, match=r"Others may read .*station\.db"):
        tighten(tmp_path)
