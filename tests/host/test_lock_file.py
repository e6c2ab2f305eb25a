"""Lock files: one process at a time, and no file that is left locked."""

import pytest

from tjugo.errors import TjugoError, Unavailable
from tjugo.lock_file import exclusive, held


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
