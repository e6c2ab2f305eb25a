"""Lock files: one process at a time or several that share, and no file that is left locked."""

import fcntl

import pytest

from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.lock_file import Shared, exclusive, held


def test_one_holder_at_a_time(tmp_path):
    path = tmp_path / "lock"
    assert not held(path)
    with exclusive(path, "busy"):
        assert held(path)
        with pytest.raises(TjugoError, match=r"^busy$"), exclusive(path, "busy"):
            pass
        assert held(path)  # the refused attempt does not end the first one's hold
    assert not held(path)
    with exclusive(path, "busy"):
        assert held(path)


def test_the_lock_ends_with_an_exception(tmp_path):
    path = tmp_path / "lock"
    with pytest.raises(KeyError), exclusive(path, "busy"):
        raise KeyError
    assert path.exists() and not held(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_lock_that_cannot_be_made(tmp_path):
    with pytest.raises(Unavailable, match="lock cannot be used: No such file"):
        with exclusive(tmp_path / "none" / "lock", "busy"):
            pass
    assert not held(tmp_path / "none" / "lock")


def test_several_share_a_lock_that_nobody_has_alone(tmp_path):
    path = tmp_path / "lock"
    one, other = Shared(path, "busy"), Shared(path, "busy")
    one.close()
    one.close()  # the descriptor's number may be another file's by now
    with pytest.raises(Conflict, match=r"^in use$"), exclusive(path, "in use", Conflict):
        pass
    other.close()
    with exclusive(path, "in use"), pytest.raises(Unavailable, match=r"^busy$"):
        Shared(path, "busy")
    Shared(path, "busy").close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_lock_of_a_folder_that_was_replaced_is_of_the_new_one(tmp_path, monkeypatch):
    """Between the opening of the file and its lock the folder may get another name."""
    folder, flock = tmp_path / "state", fcntl.flock
    folder.mkdir()

    def late(lock, how):
        if not (tmp_path / "old").exists():
            folder.rename(tmp_path / "old")
            folder.mkdir()
        flock(lock, how)

    monkeypatch.setattr(fcntl, "flock", late)
    shared = Shared(folder / "lock", "busy")
    with pytest.raises(TjugoError, match="in use"), exclusive(folder / "lock", "in use"):
        pass
    shared.close()
