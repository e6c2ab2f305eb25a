"""The `tjugo` command as a person or a program runs it."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
from station_kit import COLLECTOR, PYTHON, drn, environment, new_station

from tjugo.commands import main as cli
from tjugo.errors import TjugoError
from tjugo.paths import LOG
from tjugo.station.station import utc_now


@pytest.fixture
def state(tmp_path):
    new_station(tmp_path / "state", utc_now).close()
    return tmp_path / "state"


def tjugo(state, *words, stdout=subprocess.PIPE):
    return subprocess.run(
        [PYTHON, "-m", "tjugo", *words],
        env=environment(TJUGO_STATE=str(state)),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )


def fine(state, *words):
    done = tjugo(state, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_from_nothing_to_a_token(tmp_path):
    state = tmp_path / "new"
    fine(state, "init")
    number = fine(state, "meter", "check-digit", "0100000007").strip()
    assert number in fine(state, "meter", "add", number, "--collector", COLLECTOR, "--ea", "11")
    assert "C00001" in fine(state, "customer", "add", "Ada", "--phone", "1", "--meter", number)
    assert "EA11 DKGA04" in fine(state, "meter", "list") and "Ada" in fine(state, "meter", "list")
    assert number in fine(state, "customer", "list")
    first = fine(state, "sell", number, "20", "--id", "one")
    assert first == fine(state, "sell", number, "20.0", "--id", "one")
    token = re.search(r"^(\d{4} ){4}\d{4}$", first, re.M).group()
    sale = json.loads(fine(state, "sell", number, "20", "--id", "one", "--json"))
    assert sale["token_grouped"] == token
    assert token in fine(state, "sales")
    assert json.loads(fine(state, "sales", "--json"))[0]["delivery"]["state"] == "issued"
    view = json.loads(fine(state, "token", "decode", token, "--meter", number, "--json"))
    assert (view["name"], view["units"], view["tid"]) == ("Electricity", "20.0 kWh", sale["tid"])


# Public example: DKGA02 key e653341f9d5bf36f of meter 00000000000.
KEY = "e653341f9d5bf36f"
GAS = "30887474010690906780"


def test_decode_with_a_key(state):
    words = ("token", "decode", GAS, "--key", KEY, "--ea", "07", "--bdt", "93")
    assert fine(state, *words).splitlines() == [
        "class     0",
        "subclass  2",
        "name      Gas",
        "rnd       5",
        "tid       7528984",
        "amount    49154",
        "issued    2007-04-26 11:04 UTC",
        "units     182062.4 m3",
    ]


def test_decode_in_clear_needs_no_key(state):
    digits = "56493153725450313471"
    told = fine(state, "token", "decode", digits)
    assert "InitiateMeterTest/Display1" in told
    groups = [digits[i : i + 4] for i in range(0, 20, 4)]
    assert fine(state, "token", "decode", *groups) == told


DECODE = ("token", "decode")
WRONG = [
    ((*DECODE, "1" * 19), 2, "A token has 20 digits; this one has 19."),
    ((*DECODE, "1" * 21), 2, "A token has 20 digits; this one has 21."),
    ((*DECODE, "1" * 19 + "a"), 2, "A token is digits only"),
    ((*DECODE, "73786976294838206464"), 2, "A token's number is at most 73786976294838206463"),
    ((*DECODE, GAS), 2, "This token is encrypted: give --key HEX or --meter DRN."),
    ((*DECODE, GAS, "--key", "ab"), 2, "EA07 needs a key of 16 hex digits"),
    ((*DECODE, GAS, "--key", "x" * 16), 2, "The key is to be written in hex."),
    ((*DECODE, GAS, "--key", "ab" * 8), 1, "CRCError"),
    (("sell", "01000000010", "20"), 1, "Meter number 01000000010 has a wrong check digit"),
    (("sell", drn(9), "20"), 1, f"Meter {drn(9)} is not registered here."),
    (("sell", drn(1), "twenty"), 2, "The amount 'twenty' is not a number"),
    (("sell", drn(1), "0"), 2, "The amount must be more than 0"),
    (("sell", drn(1), "9999999"), 2, "The amount must be more than 0 and at most 1820162.4 kWh."),
    (("sell", drn(1), "-5"), 2, "The amount '-5' has a sign: write a number such as 20 or 7.5."),
    (("sell", drn(1)), 2, "Usage: tjugo sell"),
    (("meter", "add", drn(1)), 1, f"Meter {drn(1)} is registered already."),
    (("meter", "add", drn(4), "--ea", "09"), 2, f"Meter {drn(4)}: EA must be 07 or 11."),
    (("meter", "add", drn(4), "--ea", "x"), 2, "EA must be 07, 09 or 11."),
    (("meter", "add", drn(4), "--krn", "2"), 1, "There is no vending key for SGC 123457, KT 2"),
    (("customer", "add", ""), 1, "A customer needs a name."),
    (("station", "--broker", "nowhere"), 2, "The broker is given as HOST:PORT"),
    (("nonsense",), 2, "Usage: tjugo"),
]


@pytest.mark.parametrize(("words", "status", "sentence"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_said_in_a_sentence(state, monkeypatch, capsys, words, status, sentence):
    monkeypatch.setenv("TJUGO_STATE", str(state))
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (status, "")
    assert said.err.startswith(sentence)


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (("meter", "add", drn(4), "--customer", "NOPE"), "meter"),
        (("customer", "add", "Ada", "--meter", drn(9)), "customer"),
    ],
)
def test_a_command_does_all_or_nothing(state, words, listed):
    before = fine(state, listed, "list", "--json")
    assert tjugo(state, *words).returncode == 1
    assert fine(state, listed, "list", "--json") == before


def test_a_folder_that_is_no_station_is_left_alone(tmp_path):
    done = tjugo(tmp_path / "typo", "station", "--port", "0")
    assert done.returncode == 1
    assert "There is no station in" in done.stderr
    assert not (tmp_path / "typo").exists()


def test_a_wrong_command_as_a_process(state):
    done = tjugo(state, "sell", drn(9), "20")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Meter {drn(9)} is not registered here.\n"


def test_no_station_yet(tmp_path):
    done = tjugo(tmp_path / "none", "sell", drn(1), "20")
    assert done.returncode == 1
    assert "tjugo init" in done.stderr


def test_an_output_that_is_full(state):
    with open("/dev/full", "w") as full:
        done = tjugo(state, "sell", drn(1), "20", "--id", "a", stdout=full)
    assert done.returncode == 1
    assert done.stderr == "The output could not be used: No space left on device.\n"
    assert json.loads(fine(state, "sell", drn(1), "20", "--id", "a", "--json"))["token"]


def test_a_reader_that_went_away(state):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = tjugo(state, "bus", "map", stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_nobody_foresaw_ends_in_a_sentence_and_a_log(state, monkeypatch, capsys):
    def fail(*_args, **_options):
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setenv("TJUGO_STATE", str(state))
    monkeypatch.setattr(cli.group, "main", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert str(state / LOG) in said and len(said.splitlines()) == 1
    assert "ZeroDivisionError: nobody foresaw this" in (state / LOG).read_text()


@pytest.mark.parametrize(
    ("error", "status"), [(TjugoError("no", 2), 2), (KeyboardInterrupt(), 130)]
)
def test_exit_statuses(monkeypatch, error, status):
    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(cli.group, "main", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == status


def test_the_bus_map_is_the_firmwares(state):
    rows = json.loads(fine(state, "bus", "map", "--json"))
    (token,) = [row for row in rows if row["name"] == "token"]
    assert (token["address"], token["words"]) == (0x1100, 10)
    assert "0x1100" in fine(state, "bus", "map")


def test_every_command_that_is_listed_exists():
    for name in cli.group.list_commands(None):
        assert cli.group.get_command(None, name).help


def serve(state, *words):
    return subprocess.Popen(
        [PYTHON, "-m", "tjugo", "station", *words],
        env=environment(TJUGO_STATE=str(state), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_station_serves_and_ends(state, number):
    process = serve(state, "--port", "0")
    try:
        url = re.search(r"http://\S+/", process.stdout.readline()).group()
        page = None
        while page is None:
            assert process.poll() is None
            try:
                with urllib.request.urlopen(url, timeout=20) as answer:
                    page = answer.read().decode()
            except urllib.error.URLError as error:
                assert isinstance(error.reason, ConnectionError)
        assert "Sell electricity" in page
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert (process.returncode, said) == (0, "")
    finally:
        process.kill()
        process.wait()


def test_a_port_in_use(state):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = tjugo(state, "station", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
