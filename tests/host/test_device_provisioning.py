"""Provisioning: one service for real and simulated boards, checked before and after."""

import json
import zlib

import pytest
from click.testing import CliRunner
from device_kit import Board
from station_kit import do, drn, new_station, see

from tjugo import sta_tables
from tjugo.commands import provision as command_module
from tjugo.device import prices, provisioning, settings_check
from tjugo.device.on_board import settings as on_board
from tjugo.errors import TjugoError
from tjugo.station.registry.meters import NewMeter, add_meter, config_of, drn_with_check_digit
from tjugo.toolchain.tools import REPO

OTHER = bytes([*range(16), *reversed(range(16)), *range(64)])  # a licensee's STA tables
KEY = "fedcba9876543210"
METER = {"drn": drn(1), "address": 7, "key": KEY, "ea": 7, "wifi": {"ssid": "s", "password": "p4"}}
COLLECTOR = {"id": "c1", "broker": {"host": "b", "password": "secret"}, "meters": []}


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as station:
        yield station


def remote_board(tmp_path, micropython_runtime):
    """Return a board with the checks' modules on it, as after a deployment."""
    board = Board(tmp_path, micropython_runtime.argv, "")
    for name in ("meter", "meterbus", "runtime", "sts_portable"):
        (board.flash / "lib").mkdir(exist_ok=True)
        (board.flash / "lib" / name).symlink_to(
            REPO / (name if name == "sts_portable" else f"firmware/{name}")
        )
    return board


@pytest.fixture(params=["remote", "folder"])
def kind(request, tmp_path, micropython_runtime):
    """Return (the board to provision, its flash, what was seen of it outside)."""
    if request.param == "remote":
        board = remote_board(tmp_path, micropython_runtime)
        remote = provisioning.RemoteBoard(board.connect(""))
        return remote, board.flash, lambda: board.sent + board.printed
    flash = tmp_path / "flash"
    flash.mkdir()
    return provisioning.FolderBoard(flash, "meter"), flash, lambda: ""


def settings_in(flash):
    return json.loads((flash / "settings.json").read_text())


def put(flash, settings):
    (flash / "settings.json").write_text(json.dumps(settings))


def test_a_meter_gets_what_the_station_sells_with(kind, station):
    board, flash, _ = kind
    put(flash, {"pulses": 5})
    provisioning.provision(board, {**provisioning.meter_settings(station, drn(1)), "address": 3})
    found = settings_in(flash)
    config = see(station, config_of, drn(1))
    assert found["key"] == station.backend.decoder_key(config).hex()
    assert (found["drn"], found["address"], found["pulses"]) == (drn(1), 3, 5)
    assert (found["sgc"], found["ken"]) == (config.sgc, config.ken)
    assert sorted(path.name for path in flash.iterdir()) in (
        ["lib", "settings.json"],
        ["settings.json"],
    )


@pytest.mark.parametrize(
    ("payload", "code"),
    [("0100000077", 1), ("0700000001", 7), ("001234567890", 12), ("071200000001", 712)],
)
def test_the_manufacturer_code_is_the_drns(station, payload, code):
    """Two digits of an 11-digit DRN, four of a 13-digit one."""
    number = do(station, add_meter, NewMeter(drn_with_check_digit(payload)))
    assert provisioning.meter_settings(station, number)["mfr_code"] == code


def test_a_licensees_tables_go_to_the_board_and_away_again(kind, station):
    board, flash, _ = kind
    put(flash, METER)
    (station.state_dir / "own.bin").write_bytes(OTHER)
    sta_tables.load(station.state_dir / "own.bin", station.state_dir)
    provisioning.provision(board, {"ken": 200}, provisioning.station_tables(station))
    assert (flash / "sta_tables.bin").read_bytes() == OTHER
    provisioning.provision(board, {"ken": 201})
    assert (flash / "sta_tables.bin").exists()
    sta_tables.reset(station.state_dir)
    provisioning.provision(board, {"ken": 202}, provisioning.station_tables(station))
    assert not (flash / "sta_tables.bin").exists()


def test_the_mark_of_a_ledger_stays_in_the_settings(kind, station):
    board, flash, _ = kind
    mark = {"ledger": "created", "reset_at": 1790000000}
    put(flash, {**METER, "mark": mark})
    added = provisioning.meter_settings(station, drn(2))
    provisioning.provision(board, added, replace=True)
    assert settings_in(flash) == {**METER, "mark": mark, **added}
    for other in ({}, None):
        with pytest.raises(TjugoError) as caught:
            provisioning.provision(board, {"mark": other})
        assert "setting mark is written by the meter only" in caught.value.message
    assert settings_in(flash)["mark"] == mark


def test_a_key_on_the_board_does_not_leave_it(kind):
    board, flash, seen = kind
    put(flash, METER)
    provisioning.provision(board, {"address": 9})
    assert settings_in(flash) == {**METER, "address": 9}
    assert KEY not in seen() and "p4" not in seen()
    assert KEY not in json.dumps(board.look())


def test_settings_that_are_choices_stay_usable(kind):
    board, flash, seen = kind
    chosen = {
        **METER,
        "features": "full",
        "language": "fr",
        "short_codes": "itron",
        "scroll": ["801"],
        "display": "sh1106",
        "keypad": "matrix",
        "metering": "s0",
        "clock": "ds3231",
        "magnet": "low",
        "terminal_cover": True,
        "page": {"address": "127.0.0.1", "host": "meter.lan"},
        "home_assistant": {"host": "b", "user": "u", "password": "p9", "name": "House"},
    }
    put(flash, chosen)
    provisioning.provision(board, {"address": 9})
    assert settings_in(flash) == {**chosen, "address": 9}
    assert KEY not in seen() and "p9" not in seen()


@pytest.mark.parametrize(
    ("added", "wrong"),
    [
        ({"address": 900}, "setting address cannot be used: 900"),
        ({"address": 0}, "setting address cannot be used: 0"),
        ({"address": "5"}, "setting address cannot be used: '5'"),
        ({"ken": 256}, "setting ken cannot be used: 256"),
        ({"language": "fra"}, "setting language cannot be used: 'fra'"),
        ({"short_codes": "hexing"}, "setting short_codes cannot be used: 'hexing'"),
        ({"display": "lcd"}, "setting display cannot be used: 'lcd'"),
        ({"keypad": 5}, "setting keypad cannot be used: 5"),
        ({"clock": "ds1307"}, "setting clock cannot be used: 'ds1307'"),
        ({"terminal_cover": "yes"}, "setting terminal_cover cannot be used: 'yes'"),
        ({"magnet": "near"}, "setting magnet cannot be used: 'near'"),
        ({"language": ["en"]}, "setting language cannot be used."),
        ({"page": {"port": 70000}}, "setting page.port cannot be used."),
        ({"page": True}, "setting page cannot be used: True"),
        ({"home_assistant": {"port": 1883}}, "setting home_assistant.host cannot be used."),
        ({"krn": 0}, "setting krn cannot be used: 0"),
        ({"tariffs": [[127, 0]]}, "setting tariffs cannot be used."),
        ({"demand_period_min": 7}, "setting demand_period_min cannot be used: 7"),
        ({"currency": "KES", "currency_prices": [0]}, "setting currency_prices cannot be used."),
        ({"currency": "KES", "currency_prices": [1 << 32]}, "setting currency_prices cannot be"),
        ({"currency": "kes", "currency_prices": [1]}, "setting currency cannot be used: 'kes'"),
        (
            {"currency": "KES", "currency_prices": [1], "currency_crc": 1},
            "setting currency_crc cannot be used: 1",
        ),
        ({"currency_daily": 5}, "setting currency cannot be used."),
        ({"overload_w": -1}, "setting overload_w cannot be used: -1"),
        ({"malignant": {"mode": 9}}, "setting malignant.mode cannot be used."),
        ({"drn": "01000000017"}, "setting drn cannot be used: '01000000017'"),
        ({"ea": 11}, "setting key cannot be used."),
        ({"key": "0123"}, "setting key cannot be used."),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_written(kind, added, wrong):
    board, flash, _ = kind
    put(flash, METER)
    with pytest.raises(TjugoError) as caught:
        provisioning.provision(board, added, replace=True)
    assert wrong in caught.value.message and caught.value.status == 2
    assert settings_in(flash) == METER
    assert not list(flash.glob("*.new"))


def test_prices_get_their_checksum(kind):
    board, flash, _ = kind
    put(flash, METER)
    provisioning.provision(board, prices.settings("KES", ["25", "12.5", "12.50", "30.00033"]))
    found = settings_in(flash)
    assert found["currency_prices"] == [2500000, 1250000, 1250000, 3000033]
    first = found["currency_crc"]
    assert first == zlib.crc32(b"KES,2500000,1250000,1250000,3000033,0")
    provisioning.provision(board, {"currency_daily": 150000})
    found = settings_in(flash)
    assert found["currency_crc"] == zlib.crc32(b"KES,2500000,1250000,1250000,3000033,150000")
    provisioning.provision(board, {"address": 9})
    assert settings_in(flash) == {**found, "address": 9}


@pytest.mark.parametrize(
    ("currency", "per_kwh", "daily", "words"),
    [
        ("KES", ["25", "12"], None, "one price of a kWh or 4, not 2"),
        ("KES", ["0.123456"], None, "at most five decimals"),
        ("KES", ["-1"], None, "has a sign"),
        ("KES", ["1"], "x", "The daily charge"),
        ("KESX", ["1"], None, "There is no currency"),
    ],
)
def test_prices_that_cannot_be_used(currency, per_kwh, daily, words):
    with pytest.raises(TjugoError, match=words) as caught:
        prices.settings(currency, per_kwh, daily)
    assert caught.value.status == 2


@pytest.mark.parametrize("part", [{"metering": "s0"}, {"metering": "hlw8012"}])
def test_malignant_loads_need_voltage_current_and_power(part):
    with pytest.raises(TjugoError, match="at the same time") as caught:
        settings_check.check("meter", {"malignant": {"mode": 2}, **part})
    assert caught.value.status == 2
    settings_check.check("meter", {"malignant": {"mode": 0}, **part})
    settings_check.check("meter", {"malignant": {"mode": 2}, "metering": "bl0942"})


def test_a_setting_of_words_that_the_board_has_is_not_taken_for_a_wrong_one(kind):
    board, flash, _ = kind
    words = {"display": "ssd1306", "keypad": "buttons", "language": "sw", "metering": "bl0942"}
    put(flash, {**METER, **words})
    provisioning.provision(board, {"address": 9})
    assert settings_in(flash) == {**METER, **words, "address": 9}


def test_the_seal_is_an_option(run):
    run.board.starts = [FOUND] * 2
    put(run.board.flash, {**METER, "gains": [1000000] * 3})
    status, said = run("--seal")
    assert status == 0 and "only while the meter cover is open" in said
    assert settings_in(run.board.flash)["sealed"] == 1
    (run.board.flash / "g.json").write_text('{"gains": [1000001, 1000000, 1000000]}')
    status, said = run("--merge", str(run.board.flash / "g.json"))
    assert status == 1 and "sealed: gains cannot be changed" in said
    assert run("--unseal")[0] == 0
    assert settings_in(run.board.flash)["sealed"] == 0


def test_settings_in_words_need_not_be_given_again(kind):
    board, _, _ = kind
    words = {"features": "full", "language": "fr", "display": "ssd1306", "keypad": "buttons"}
    provisioning.provision(board, words | {"short_codes": "itron", "metering": "ade7953"})
    provisioning.provision(board, {"malignant": {"mode": 2}})
    found = board.look()["settings"]
    assert {name: found[name] for name in words} == words
    assert (found["metering"], found["malignant"]) == ("ade7953", {"mode": 2})
    with pytest.raises(TjugoError, match="with the metering part s0"):
        provisioning.provision(board, {"metering": "s0"})


def test_what_is_still_missing_is_not_wrong():
    settings_check.check("meter", {"address": 5})
    settings_check.check("meter", {"ea": 11})
    settings_check.check("meter", {"language": "sw", "short_codes": "itron"})
    settings_check.check("meter", {"display": "sh1106", "keypad": "buttons"})
    settings_check.check("meter", {"clock": "ds3231", "terminal_cover": True, "magnet": "low"})
    settings_check.check("collector", {"clock": "ds3231"})
    settings_check.check("meter", {"page": {}, "home_assistant": {"host": "hass.local"}})
    settings_check.check("collector", {"poll_ms": 500})


@pytest.mark.parametrize(
    ("added", "wrong"),
    [
        ({"poll_ms": 1}, "poll_ms must be a number from 50"),
        ({"meters": [{"address": 900, "drn": drn(1)}]}, "address must be a number from 1 to 247"),
        ({"broker": {"port": 1}}, "broker must have a host"),
        ({"clock": 1}, "setting clock cannot be used: 1"),
    ],
)
def test_a_collectors_settings_are_checked_too(added, wrong):
    with pytest.raises(TjugoError, match=wrong):
        settings_check.check("collector", {**COLLECTOR, **added})


def test_another_meter_only_on_purpose(kind):
    board, flash, _ = kind
    put(flash, METER)
    with pytest.raises(TjugoError, match=f"This board is meter {drn(1)}"):
        provisioning.provision(board, {"drn": drn(2)})
    provisioning.provision(board, {"drn": drn(2)}, replace=True)
    assert settings_in(flash)["drn"] == drn(2)


@pytest.mark.parametrize("lost", ["added", "kept", "nothing read"])
def test_what_is_read_back_differently_is_not_used(kind, monkeypatch, lost):
    board, flash, _ = kind
    put(flash, METER)
    staged = type(board).stage

    def stage(self, added, tables):
        digest, kept = staged(self, added, tables)
        return {"added": ("00" * 32, kept), "kept": (digest, False), "nothing read": ("", False)}[
            lost
        ]

    monkeypatch.setattr(type(board), "stage", stage)
    with pytest.raises(TjugoError, match="read back differently; nothing was changed"):
        provisioning.provision(board, {"address": 9})
    assert settings_in(flash) == METER
    assert not list(flash.glob("*.new"))


def test_damaged_tables_are_not_used(tmp_path, micropython_runtime):
    board = remote_board(tmp_path, micropython_runtime)
    put(board.flash, METER)
    board.damages = {"sta_tables.bin.new"}
    with pytest.raises(TjugoError, match="STA tables were read back differently"):
        provisioning.provision(provisioning.RemoteBoard(board.connect("")), {"ken": 1}, OTHER)
    assert settings_in(board.flash) == METER
    assert not [path for path in board.flash.iterdir() if "sta_tables" in path.name]


def test_a_board_without_an_application_is_a_sentence(tmp_path, micropython_runtime):
    board = Board(tmp_path, micropython_runtime.argv, "")
    with pytest.raises(TjugoError, match="run make deploy first"):
        provisioning.provision(provisioning.RemoteBoard(board.connect("")), {"address": 1})


def test_the_form_is_the_same_only_for_equal_values():
    values = [
        1,
        "1",
        True,
        None,
        [1],
        [[1]],
        ["1"],
        {"a": 1},
        {"a": "1"},
        {"a1": ""},
        [1, 1],
        [11],
    ]
    assert len({on_board.form(value) for value in values}) == len(values)
    assert on_board.form({"a": 1, "b": 2}) == on_board.form({"b": 2, "a": 1})


@pytest.fixture
def run(tmp_path, micropython_runtime, monkeypatch, station):
    """Run the command on a board; return (status, output or sentence)."""
    board = remote_board(tmp_path, micropython_runtime)
    monkeypatch.setattr("tjugo.device.remote.Remote", board.connect)

    def run(*words):
        state = ("--state", str(station.state_dir))
        result = CliRunner().invoke(
            command_module.provision, ["x", *words, *state], standalone_mode=False
        )
        if result.exception:
            return getattr(
                result.exception, "status", getattr(result.exception, "exit_code", None)
            ), str(result.exception)
        return result.return_value, result.output

    run.board = board
    return run


FOUND = {
    "board": "b",
    "role": "meter",
    "version": "1",
    "free": 1,
    "settings": "ok",
    "ledger": "ok",
}


def test_the_command(run):
    run.board.starts = [FOUND]
    status, said = run("--drn", drn(1), "--address", "3")
    assert status == 0 and "Settings written: address, drn, ea, ken, key" in said
    assert settings_in(run.board.flash)["key"] not in said


def test_the_command_makes_a_currency_meter(run):
    run.board.starts = [FOUND]
    words = ("--currency", "JPY", "--price", "31.5", "--daily-charge", "9")
    status, said = run("--drn", drn(1), "--address", "3", *words)
    assert status == 0 and "currency_daily, currency_decimals, currency_prices" in said
    found = settings_in(run.board.flash)
    assert (found["currency"], found["currency_decimals"]) == ("JPY", 0)
    assert found["currency_crc"] == zlib.crc32(b"JPY,3150000,3150000,3150000,3150000,900000")
    assert (found["currency_prices"], found["currency_daily"]) == ([3150000], 900000)
    for words in (("--currency", "JPY"), ("--price", "1"), ("--daily-charge", "1")):
        assert run(*words)[0] == 2, words


def test_settings_that_the_board_finds_wrong_are_status_1(run):
    run.board.starts = [{**FOUND, "settings": "key"}]
    assert run("--address", "3") == (1, "The board cannot work with its settings: key.")
    run.board.starts = [{**FOUND, "safe": "crash"}]
    assert run("--address", "3")[0] == 1


def test_what_cannot_be_provisioned(run, tmp_path):
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "half.json").write_text('{"poll_ms": 1.5}')
    (tmp_path / "address.json").write_text('{"address": 900}')
    for words, status in (
        ((), 2),
        (("--merge", str(tmp_path / "list.json")), 2),
        (("--merge", str(tmp_path / "half.json")), 2),
        (("--merge", str(tmp_path / "none.json")), 2),
        (("--merge", str(tmp_path / "address.json")), 2),
        (("--drn", drn(1), "--address", "900"), 2),
        (("--drn", drn(9)), 1),
    ):
        assert run(*words)[0] == status, words
    assert not (run.board.flash / "settings.json").exists()
