"""The `tjugo` command as used by a person or a program."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
from cli_kit import Shell
from proof_kit import proved
from station_kit import COLLECTOR, PYTHON, drn, environment, new_station

from tjugo import log_file
from tjugo.commands import main as cli
from tjugo.commands import waiting
from tjugo.errors import TjugoError
from tjugo.paths import LOG
from tjugo.station.delivery.jobs import Ack
from tjugo.station.link import records
from tjugo.station.link import state as link_state
from tjugo.station.station import Station, utc_now


@pytest.fixture
def state(tmp_path):
    new_station(tmp_path / "state", utc_now).close()
    return tmp_path / "state"


def tjugo(state, *words, stdout=subprocess.PIPE, typed=None):
    return subprocess.run(
        [PYTHON, "-m", "tjugo", *words],
        input=typed,
        env=environment(TJUGO_STATE=str(state)),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )


def fine(state, *words, typed=None):
    done = tjugo(state, *words, typed=typed)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_from_nothing_to_a_token(tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path / "new", monkeypatch, capsys)
    shell.fine("init")
    number = shell.fine("meter", "check-digit", "0100000007").strip()
    assert number in shell.fine("meter", "add", number, "--collector", COLLECTOR, "--ea", "11")
    assert "C00001" in shell.fine("customer", "add", "Ada", "--phone", "1", "--meter", number)
    assert "EA11 DKGA04" in shell.fine("meter", "list") and "Ada" in shell.fine("meter", "list")
    assert number in shell.fine("customer", "list")
    first = shell.fine("sell", number, "20", "--id", "one")
    assert first == shell.fine("sell", number, "20.0", "--id", "one")
    token = re.search(r"^(\d{4} ){4}\d{4}$", first, re.M).group()
    sale = json.loads(shell.fine("sell", number, "20", "--id", "one", "--json"))
    assert sale["token_grouped"] == token
    assert token in shell.fine("sales")
    assert json.loads(shell.fine("sales", "--json"))["items"][0]["delivery"]["state"] == "issued"
    view = json.loads(shell.fine("token", "decode", token, "--meter", number, "--json"))
    assert (view["name"], view["units"], view["tid"]) == ("Electricity", "20.0 kWh", sale["tid"])


# Public example: DKGA02 key e653341f9d5bf36f of meter 00000000000.
KEY = "e653341f9d5bf36f"
GAS = "30887474010690906780"


@pytest.mark.long
def test_decode_with_a_key(state):
    words = ("token", "decode", GAS, "--key", "-", "--ea", "7", "--bdt", "93")
    assert fine(state, *words, typed=KEY + "\n").splitlines() == [
        "class     0",
        "subclass  2",
        "name      Gas",
        "rnd       5",
        "tid       7528984",
        "amount    49154",
        "issued    2007-04-26 11:04 UTC",
        "units     182062.4 m3",
    ]


def test_a_key_is_typed_unseen(state, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: KEY)
    with pytest.raises(SystemExit) as ended:
        cli.main(["token", "decode", GAS, "--key", "-", "--bdt", "93", "--state", str(state)])
    said = capsys.readouterr()
    assert ended.value.code == 0 and "182062.4 m3" in said.out
    assert KEY not in said.out + said.err


@pytest.mark.long
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
    ((*DECODE, GAS), 2, "This token is encrypted: give --key - or --meter DRN."),
    ((*DECODE, GAS, "--key", "@ab"), 2, "EA07 needs a key of 16 hex digits"),
    ((*DECODE, GAS, "--key", "@" + "x" * 16), 2, "The key is to be written in hex."),
    ((*DECODE, GAS, "--key", "@" + "ab" * 8), 1, "CRCError"),
    ((*DECODE, GAS, "--key", KEY), 2, "A key is not given on the command line: other programs"),
    ((*DECODE, GAS, "--key", "@none"), 2, "none cannot be read: No such file"),
    ((*DECODE, GAS, "--key", "@empty"), 2, "empty has no key in its first line."),
    ((*DECODE, GAS, "--key", "@open"), 2, "Others may read the key: run `chmod 600 open`."),
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
    (("customer", "add", ""), 2, "A customer needs a name."),
    (("station", "--broker", "nowhere"), 2, "The broker is given as HOST:PORT"),
    (("sell", drn(1), "1", "--id", ""), 2, "A request id is 1 to 64 letters"),
    (("nonsense",), 2, "Usage: tjugo"),
]


@pytest.mark.parametrize(("words", "status", "sentence"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_said_in_a_sentence(state, monkeypatch, capsys, words, status, sentence):
    monkeypatch.setenv("TJUGO_STATE", str(state))
    monkeypatch.chdir(state)
    for name in ("ab", "x" * 16, "ab" * 8):
        (state / name).write_text(name + "\n")
        (state / name).chmod(0o600)
    (state / "empty").touch(0o600)
    (state / "open").touch(0o644)
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (status, "")
    assert said.err.startswith(sentence)


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM]
)
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


@pytest.mark.long
def test_a_port_in_use(state):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = tjugo(state, "station", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


# Status, backup and restore


def secret(folder, text="correct horse"):
    path = folder / "passphrase"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


def run(capsys, *words):
    """Run a command in this process; return its exit status, output and errors."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    said = capsys.readouterr()
    return ended.value.code or 0, said.out, said.err


def test_a_backup_and_a_restore(state, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TJUGO_STATE", str(state))
    file, phrase = str(tmp_path / "b.zip"), secret(tmp_path)
    assert run(capsys, "status")[2].splitlines() == ["No backup was made: `tjugo backup FILE`."]
    status, out, err = run(capsys, "backup", file, "--passphrase-file", phrase)
    assert (status, err) == (0, "") and file in out
    status, out, err = run(capsys, "status")
    assert (status, err) == (0, "")
    assert "No MQTT broker is set" in out and "none open" in out
    words = ("restore", file, "--passphrase-file", phrase)
    status, _, err = run(capsys, *words)
    assert status == 1 and "--force" in err
    new = str(tmp_path / "new")
    for place in (new, new + "-again"):  # the second one issues the same TIDs as the first
        status, out, err = run(capsys, *words, "--state", place)
        assert status == 0 and out.startswith(f"Station in {place}, as it was at ")
        assert err.startswith("Warning: only one station may go on from this backup.")
        assert "go on with one of the two only, delete the other" in err
    assert drn(1) in run(capsys, "meter", "list", "--state", new)[1]
    status, _, err = run(capsys, *words[:3], secret(tmp_path, "hush"), "--state", new + "2")
    assert status == 1 and "passphrase" in err and "hush" not in err


@pytest.mark.long
def test_a_passphrase_without_a_terminal(state, tmp_path):
    backup = str(tmp_path / "b.zip")
    fine(state, "backup", backup, "--passphrase-file", secret(tmp_path))
    for words in (("backup", backup), ("restore", backup, "--state", str(tmp_path / "new"))):
        done = tjugo(state, *words, typed="")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "There is no terminal at which to type the passphrase: give --passphrase-file.\n"
        )


def test_nothing_is_asked_for_a_backup_that_cannot_be_made(state, tmp_path, monkeypatch, capsys):
    def asked(_prompt):
        raise AssertionError("asked")

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.hidden_prompt_func", asked)
    monkeypatch.setenv("TJUGO_STATE", str(state))
    none = str(tmp_path / "none.zip")
    new = ("--state", str(tmp_path / "new"))
    assert run(capsys, "restore", none, *new)[2] == (
        f"{none} cannot be used: No such file or directory.\n"
    )
    assert "is not empty" in run(capsys, "restore", none)[2]
    (state / "vending_keys.json").unlink()
    status, _, err = run(capsys, "backup", none)
    assert status == 1 and "vending_keys.json is missing" in err


def test_a_backup_that_cannot_be_written_is_named(state, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TJUGO_STATE", str(state))
    file, phrase = str(tmp_path / "none" / "x.zip"), secret(tmp_path)
    status, _, err = run(capsys, "backup", file, "--passphrase-file", phrase)
    assert (status, err) == (1, f"{file} cannot be used: No such file or directory.\n")


@pytest.mark.long
def test_a_passphrase_from_standard_input(state, tmp_path):
    words = [PYTHON, "-m", "tjugo", "backup", str(tmp_path / "b.zip"), "--passphrase-file", "-"]
    done = subprocess.run(
        words, env=environment(TJUGO_STATE=str(state)), input=b"a phrase\n", capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("content", "mode", "part"),
    [
        (b"x\n", 0o644, "chmod 600"),
        (b"\nx", 0o600, "no password in its first line"),
        (b"\xff", 0o600, "not text in UTF-8"),
        (b"x" * 5000, 0o600, "too long"),
        (None, 0, "No such file"),
    ],
)
def test_a_password_file_that_cannot_be_used(
    state, tmp_path, monkeypatch, capsys, content, mode, part
):
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    monkeypatch.setenv("TJUGO_STATE", str(state))
    words = ("station", "--broker", "mqtt://me@host", "--broker-password-file", str(path))
    status, _, err = run(capsys, *words)
    assert status == 2 and part in err


def test_a_password_without_a_broker(state, monkeypatch, capsys):
    monkeypatch.setenv("TJUGO_STATE", str(state))
    status, _, err = run(capsys, "station", "--broker-ca", "x")
    assert status == 2 and "need --broker" in err


def test_what_is_wrong_with_the_broker_is_the_exit_of_status(state, monkeypatch, capsys):
    """Of another process: the link's file and lock are what it reads."""
    monkeypatch.setenv("TJUGO_STATE", str(state))
    content = {"broker": "mqtt://b:1", "since": "2026-11-22T12:00:00+00:00", "counters": {}}
    wrong = {**content, "state": "failed", "problem": "The MQTT broker b refused the password."}
    link_state.save(state, wrong)
    with link_state.hold(state):
        status, out, err = run(capsys, "status")
        assert status == 1 and "refused the password" in out and "refused the password" in err
        found = json.loads(run(capsys, "status", "--json")[1])
        assert (found["ok"], found["link"]["state"]) == (False, "failed")
        peer = {
            "reachable": False,
            "echo_at": None,
            "missed": 3,
            "counters": {"unknown_answers": 2},
        }
        link_state.save(state, {**content, "state": "connected", "collectors": {COLLECTOR: peer}})
        status, out, err = run(capsys, "status")
        assert status == 1 and f"Collector {COLLECTOR}: Unreachable" in err
        assert "2 unknown answers" in out
    status, _, err = run(capsys, "status")
    assert status == 1 and "is not running" in err


def answer(state, result, proof=True):
    """Send the collector's answer for every open delivery."""
    with Station.open(state) as station:
        jobs = records.open_jobs(station)
        records.mark_sent(station, jobs)
        found = [Ack(j.collector_id, j.drn, j.ref, "done", result) for j in jobs]
        records.acks(station, [proved(station, one) if proof else one for one in found])


def test_a_sale_that_waits_exits_by_the_meters_answer(state, monkeypatch, capsys):
    monkeypatch.setenv("TJUGO_STATE", str(state))
    monkeypatch.setattr(waiting, "_ASK_S", 0)
    words = ("sell", drn(1), "20", "--id", "a")
    assert run(capsys, *words)[0] == 0
    status, out, err = run(capsys, *words, "--wait", "0.001")
    assert status == 1 and err.startswith("The meter has not answered within 0.001 s. No MQTT")
    assert re.search(r"^(\d{4} ){4}\d{4}$", out, re.M)
    assert "The token is to be keyed in: no MQTT broker is set" in out
    content = {"broker": "mqtt://b:1", "state": "failed", "problem": "The broker b is away."}
    link_state.save(state, content)
    with link_state.hold(state):
        _, out, err = run(capsys, *words, "--wait", "0.001")
        assert "The token goes to the meter by its collector." in out
        assert "The broker b is away." in err
        peer = {"reachable": False, "missed": 3}
        link_state.save(state, {**content, "state": "connected", "collectors": {COLLECTOR: peer}})
        assert f"Collector {COLLECTOR}: Unreachable" in run(capsys, *words, "--wait", "0.001")[2]
    answer(state, 1)
    status, out, err = run(capsys, *words, "--wait", "60", "--json")
    assert (status, err, json.loads(out)["delivery"]["state"]) == (0, "", "accepted")
    assert run(capsys, "sell", drn(2), "20", "--id", "b")[0] == 0
    answer(state, 10)
    status, _, err = run(capsys, "sell", drn(2), "20", "--id", "b", "--wait", "60")
    assert status == 1 and err.startswith("The meter refused the token: UsedError")
    assert run(capsys, "sell", drn(2), "20", "--id", "c")[0] == 0
    answer(state, 1, proof=False)
    status, _, err = run(capsys, "sell", drn(2), "20", "--id", "c", "--wait", "0.001")
    assert status == 1 and "Accept was reported, but the answer has no proof" in err
    # A token that is keyed in: there is nobody to wait for.
    assert run(capsys, "sell", drn(3), "20", "--wait", "60")[0] == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"form": "x"}'])
def test_a_damaged_state_of_the_link(state, monkeypatch, capsys, text):
    monkeypatch.setenv("TJUGO_STATE", str(state))
    (state / "link.json").write_text(text)
    status, _, err = run(capsys, "status")
    assert status == 1 and "is not the state of an MQTT link" in err
    newer = {"form": link_state.FORM, "version": link_state.VERSION + 1}
    (state / "link.json").write_text(json.dumps(newer))
    assert "newer version" in run(capsys, "status")[2]


def test_the_log_rotates_and_is_private(state):
    log_file.append(state / LOG, "x" * (log_file.MOST_BYTES - 100))
    for number in range(3 * log_file.KEPT):
        log_file.append(state / LOG, f"{number} " + "y" * (log_file.MOST_BYTES - 100))
    logs = sorted(path.name for path in state.glob(f"{LOG}*"))
    assert logs == [LOG, *(f"{LOG}.{n}" for n in range(1, log_file.KEPT + 1))]
    for name in logs:
        found = (state / name).stat()
        assert found.st_size <= log_file.MOST_BYTES and found.st_mode & 0o077 == 0
    assert f" {3 * log_file.KEPT - 1} y" in (state / LOG).read_text()


def test_a_log_that_is_a_link_is_not_followed(state, tmp_path):
    (state / LOG).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        log_file.append(state / LOG, "x")
    assert not (tmp_path / "elsewhere").exists()
