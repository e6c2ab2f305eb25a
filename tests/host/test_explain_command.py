"""The command `tjugo explain`."""

import json

import pytest
from explain_kit import GAS, KEY02, PAN, VK02
from station_kit import drn, new_station, see

from tjugo.commands import main as cli
from tjugo.errors import TjugoError
from tjugo.station.registry.meters import config_of
from tjugo.station.station import Station
from tjugo.station.vending.purchase import parse_kwh
from tjugo.station.vending.vend import sell

BARE = "0123456789abcdef"  # a key that is left on the command line
DERIVED = ("--vk", VK02, "--pan", PAN, "--dkga", "02", "--sgc", "123456", "--bdt", "93")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command, keys in a file; return status, standard output, standard error."""
    monkeypatch.setenv("TJUGO_STATE", str(tmp_path / "state"))

    def run(*words):
        words = list(words)
        for at, word in enumerate(words[:-1], 1):
            if word in ("--key", "--vk") and words[at] != BARE:
                (tmp_path / "key").touch(0o600)
                (tmp_path / "key").write_text(words[at])
                words[at] = f"@{tmp_path / 'key'}"
        with pytest.raises(SystemExit) as ended:
            cli.main(["explain", *words])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


def test_a_token_as_text(run):
    status, out, err = run(*(GAS[i : i + 4] for i in range(0, 20, 4)), *DERIVED)
    assert (status, err) == (0, "")
    for words in ("60072700000000000", "e653 341f 9d5b f36f", "182062.4 m3", "Accept"):
        assert words in out
    assert "key register" not in out


def test_rounds(run):
    _, out, _ = run(GAS, *DERIVED, "--rounds")
    rows = [line.split() for line in out.splitlines() if line.split()[:1] == ["16"]]
    assert rows[0][-1] == "2572e218c0024380"


def test_json_is_the_structure(run):
    _, out, _ = run(GAS, "--key", KEY02.key.hex(), "--bdt", "93", "--json")
    found = json.loads(out)
    assert (found["kind"], found["token"], found["result"]) == ("token", GAS, "Accept")
    assert [step["id"] for step in found["steps"]] == [
        *("digits", "bits66", "class", "key", "cipher", "fields", "crc", "meter")
    ]


def test_a_sale(run):
    words = ("--sell", "182044", "--subclass", "2", "--rnd", "5", "--tid", "7528984")
    status, out, _ = run(*words, *DERIVED, "--json")
    assert (status, json.loads(out)["token"]) == (0, GAS)


def test_a_sale_now_and_at_a_time(run):
    words = ("--sell", "20", *DERIVED[:-1], "35", "--rnd", "5")
    _, out, _ = run(*words, "--time", "2035-01-02 00:01", "--json")
    tid = next(step for step in json.loads(out)["steps"] if step["id"] == "tid")["facts"][-1]
    assert (tid["name"], tid["value"]) == ("TID", "1442")
    status, out, _ = run("--sell", "20", *DERIVED[:-1], "14")
    assert status == 0 and "20.0 kWh" in out


def test_the_token_of_a_registered_meter(run, tmp_path):
    with new_station(tmp_path / "state") as station:
        sale = sell(station, "test", "1", drn(1), parse_kwh("12.5"))
        key = station.backend.decoder_key(see(station, config_of, drn(1)))
    status, out, _ = run(sale.digits, "--meter", drn(1))
    assert (status, "12.5 kWh" in out, "Accept" in out) == (0, True, True)
    assert key.hex() not in out.replace(" ", "")
    assert run(sale.digits, "--meter", drn(1), "--rounds")[0] == 2
    assert run("--sell", "20", "--meter", drn(1))[0] == 2
    assert run(sale.digits, "--meter", drn(9))[0] == 1


WRONG = [
    ((), "Give a token to explain, or --sell AMOUNT."),
    ((GAS, "--sell", "20"), "Give a token to explain, or --sell AMOUNT."),
    (("1234",), "A token has 20 digits; this one has 4."),
    ((GAS, "--key", "ab"), "EA07 needs a decoder key of 16 digits."),
    ((GAS, "--key", BARE), "A key is not given on the command line"),
    ((GAS, "--vk", BARE), "A key is not given on the command line"),
    ((GAS, "--key", "secret"), "The decoder key must be in hex digits."),
    (("--sell", "20"), "A sale needs a key: give --key, or --vk and the meter."),
    (("--sell", "x", *DERIVED), "The amount 'x' is not a number: write a number such as 20"),
    (("--sell", "9999999", *DERIVED, "--tid", "5"), "Amount 99999990 is outside 0 to 18201624."),
    (("--sell", "1", *DERIVED, "--tid", "65536", "--ken", "0"), "The key expired"),
    ((GAS, "--meter", "1", "--key", "ab"), "Give the key or a registered meter, not both."),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG, ids=lambda value: str(value)[:30])
def test_what_is_wrong_is_said(run, words, sentence):
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.startswith(sentence)


def test_a_station_that_is_not_there(run, tmp_path):
    assert run(GAS, "--meter", drn(1))[0] == 1
    with pytest.raises(TjugoError):
        Station.open(tmp_path / "state")
