"""JSON from outside that is nested more deeply than the parser's stack permits."""

import importlib

import pytest

from tjugo import foreign_json
from tjugo.bench.state import read_json
from tjugo.commands.provision import _merged
from tjugo.errors import TjugoError
from tjugo.key_file import load_keys
from tjugo.sta_tables import _lists
from tjugo.station.backup import archive, service
from tjugo.station.link import state
from tjugo.sts import vectors

DEEP = '{"form":' + "[" * 200_000


@pytest.fixture
def deep(tmp_path):
    path = tmp_path / "deep.json"
    path.write_text(DEEP)
    path.chmod(0o600)
    return path


def test_nesting_is_a_value_error():
    with pytest.raises(ValueError, match="nested too deeply"):
        foreign_json.loads(DEEP)


@pytest.mark.parametrize(
    "read",
    [
        load_keys,
        _merged,
        vectors.load,
        lambda path: archive.read_manifest(path, path.read_bytes()),
        lambda path: _lists(path.read_bytes()),
    ],
    ids=["vending keys", "settings", "vectors", "backup", "STA tables"],
)
def test_a_deep_file_is_refused_with_a_sentence(deep, read):
    with pytest.raises(TjugoError, match=r"\.$"):
        read(deep)


def test_a_deep_state_of_the_link_is_refused(deep):
    deep.rename(deep.with_name(state._FILE))
    with pytest.raises(TjugoError, match="is not the state of an MQTT link"):
        state.load(deep.parent)


def test_a_deep_note_of_the_bench_or_of_a_backup_is_none(deep):
    assert read_json(deep) is None
    deep.rename(deep.with_name(service.LAST))
    assert service.last(deep.parent) is None


@pytest.mark.parametrize("name", ["settings", "files"])
def test_a_deep_settings_file_on_a_board_is_read_as_no_settings(deep, name):
    module = importlib.import_module(f"tjugo.device.on_board.{name}")
    assert module.load(str(deep)) == {}
