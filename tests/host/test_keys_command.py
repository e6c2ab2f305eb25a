"""`tjugo key`, and the commands that need vending keys."""

import json
import stat
import urllib.request
from pathlib import Path

import people_kit
import pytest
from cli_kit import Shell
from keys_kit import cheap  # noqa: F401
from station_kit import drn, served

from tjugo import key_file
from tjugo.commands import unlocking
from tjugo.key_register import VendingKey
from tjugo.station.audit import chain
from tjugo.station.keys import transfer
from tjugo.station.station import Station, utc_now

pytestmark = pytest.mark.usefixtures("cheap")
PASSPHRASE = "correct horse battery"
TWO = ("--first", "ada", "--second", "ben")


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    return Shell(tmp_path / "s", monkeypatch, capsys)


@pytest.fixture
def passphrase(tmp_path):
    return written(tmp_path / "passphrase", PASSPHRASE)


def written(path, text):
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


def vks(shell, secret=None):
    return {key.vk for key in key_file.load_keys(shell.state / "vending_keys.json", secret)}


def test_init_with_a_key_file_seals_the_sample_keys(shell, tmp_path):
    file = tmp_path / "usb" / "key"
    file.parent.mkdir()
    done = shell.run("init", "--key-file", str(file))
    assert done.status == 0 and "Keep a copy" in done.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(vks(shell, key_file.read_secret_file(file))) == 2
    shell.fine("meter", "add", drn(1))
    assert "keys are locked" in shell.refused("sell", drn(1), "5")
    assert "Meter" in shell.fine("sell", drn(1), "5", "--key-file", str(file))
    other = written(tmp_path / "other", "ab" * 32)
    assert "does not open" in shell.refused("sell", drn(1), "5", "--key-file", other)


def test_the_secret_of_a_service_needs_no_option(shell, tmp_path, monkeypatch):
    file = tmp_path / "tjugo.keys"
    shell.run("init", "--key-file", str(file))
    shell.fine("meter", "add", drn(1))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    token = shell.fine("sell", drn(1), "5").splitlines()[1]
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert "keys are locked" in shell.refused("token", "decode", "--meter", drn(1), token)
    monkeypatch.setenv("TJUGO_KEY_FILE", str(file))
    assert "5" in shell.fine("token", "decode", "--meter", drn(1), token)
    assert shell.fine("explain", "--meter", drn(1), token)


def test_a_plain_station_is_sealed_and_listed(shell, tmp_path, passphrase):
    shell.fine("init")
    plain = vks(shell)
    assert "Sealed: no" in shell.fine("key", "list")
    file = str(tmp_path / "k")
    done = shell.run("key", "seal", "--passphrase-file", passphrase, "--with-key-file", file)
    assert done.status == 0
    assert vks(shell, PASSPHRASE) == plain
    out = shell.fine("key", "list")
    assert "Sealed: key_file, passphrase" in out and not any(vk in out for vk in plain)
    found = json.loads(shell.fine("key", "list", "--json"))
    assert found["locked"] and [len(key["kcv"]) for key in found["keys"]] == [6, 6]
    assert "keys are locked" in shell.refused("key", "seal", "--passphrase-file", passphrase)
    new = written(tmp_path / "new", "a second passphrase")
    shell.fine("key", "seal", "--passphrase-file", new, "--key-file", file)
    assert vks(shell, "a second passphrase") == plain
    assert "does not open" in shell.refused("key", "shares", "--key-file", file, *TWO)


def test_a_key_is_added_with_its_terms(shell, tmp_path):
    shell.fine("init")
    vk = written(tmp_path / "vk", "a0" * 20)
    words = ("key", "add", "--sgc", "77", "--vk", f"@{vk}", "--issue-until", "2099-12-31")
    assert "KCV" in shell.run(*words, "--limit", "12.5").out
    assert "was there already" in shell.run(*words, "--limit", "12.5").out
    assert "a0" * 20 in vks(shell)
    assert "another vending key" in shell.run(*words).err  # with other terms
    shell.fine("key", "edit", "77", "2", "1", "--limit", "none", "--active-from", "2020-01-01")
    (row,) = [
        k for k in json.loads(shell.fine("key", "list", "--json"))["keys"] if not k["sample"]
    ]
    assert (row["sgc"], row["limit_tenths"], row["active_from"]) == ("000077", None, "2020-01-01")
    assert row["issue_until"] == "2099-12-31"
    assert "stored unsealed" in shell.run("status").err


def test_real_keys_that_come_in_clear_are_warned_of(shell, tmp_path, passphrase):
    shell.fine("init")

    def added(sgc, digit, *more):
        vk = written(tmp_path / f"vk{sgc}", f"a{digit}" * 20)
        done = shell.run("key", "add", "--sgc", sgc, "--vk", f"@{vk}", *more)
        assert done.status == 0
        with Station.open(shell.state) as station, station.view() as view:
            events = [(event.subject, event.detail) for event in chain.events(view)]
        return done.err, events.count(("vending keys", "real keys are stored unsealed"))

    assert added("76", "1", "--sample") == ("", 0)
    command = f"tjugo key seal --state {shell.state}"
    warning = (
        f"Warning: real vending keys are now in clear in {shell.state / 'vending_keys.json'}.\n"
        f"Seal them: {command}\n"
    )
    assert added("77", "2") == (warning, 1)
    key_file = str(tmp_path / "k")
    sealed = shell.run(*command.split()[1:], "--with-key-file", key_file)
    assert sealed.status == 0
    assert added("78", "3", "--key-file", key_file) == ("", 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--kcv", "000000"), "check value"),
        (("--dkga", "02"), "another length"),
        (("--sgc", "1234567"), "SGC must be"),
        (("--issue-until", "31.12.2026"), "2026-01-31"),
        (("--limit", "1,500"), "could be"),
        (("--limit", "0.05"), "multiple"),
    ],
)
def test_keys_that_are_not_added(shell, tmp_path, options, words):
    shell.fine("init")
    before = vks(shell)
    vk = written(tmp_path / "vk", "a0" * 20)
    done = shell.run("key", "add", "--vk", f"@{vk}", *options)
    assert done.status in (1, 2) and words in done.err and "a0a0" not in done.err
    assert vks(shell) == before


def test_terms_of_a_key_that_is_not_there(shell):
    shell.fine("init")
    assert "no vending key for SGC 000077" in shell.refused(
        "key", "edit", "77", "2", "1", "--limit", "5"
    )
    assert shell.run("key", "edit", "123456", "2", "1").status == 2


def test_keys_go_from_one_station_to_another(shell, tmp_path, monkeypatch, capsys):
    shell.fine("init")
    one, two, file = (str(tmp_path / name) for name in ("one", "two", "keys.json"))
    words = ("--from", "KMC", "--first-to", one, "--second-to", two, *TWO)
    assert "besides the samples" in shell.refused("key", "export", file, *words)
    vk = written(tmp_path / "vk", "a0" * 20)
    assert shell.run("key", "add", "--sgc", "77", "--vk", f"@{vk}", "--limit", "5").status == 0
    done = shell.run("key", "export", file, *words)
    assert "1 vending keys" in done.out and "not verified" in done.err
    assert shell.run("key", "export", file, *words).status == 2
    other = Shell(tmp_path / "other", monkeypatch, capsys)
    other.fine("init")
    given = ("key", "import", file, "--first-file", one, "--second-file")
    assert "mistyped" in other.refused(*given, one, *TWO)
    assert "two different" in other.refused(*given, two, "--first", "ada", "--second", "ada")
    done = other.run(*given, two, *TWO)
    assert "SGC 000077" in done.out and "a0a0" not in done.out
    assert f"in clear in {other.state / 'vending_keys.json'}." in done.err
    assert "a0" * 20 in vks(other)
    with Station.open(other.state) as station, station.view() as view:
        assert chain.verify(view)[1] == []
        said = [event.detail for event in chain.events(view)]
    assert "import from KMC: component 2 typed by ben (not authenticated: no operators)" in said
    assert said.count("real keys are stored unsealed") == 1


def test_a_sandbox_refuses_real_keys_before_their_components_are_typed(shell, tmp_path):
    shell.fine("init", "--sandbox")
    before = vks(shell)
    vk, file = written(tmp_path / "vk", "a0" * 20), tmp_path / "keys.json"
    parts = [transfer.new_component(), transfer.new_component()]
    file.write_text(transfer.make([VendingKey(sgc=77, vk="a0" * 20)], "KMC", utc_now(), parts))
    for words in (("add", "--sgc", "77", "--vk", f"@{vk}"), ("import", str(file), *TWO)):
        assert "is a sandbox, and the vending key of SGC 000077" in shell.refused("key", *words)
    assert vks(shell) == before
    shell.fine("key", "add", "--sgc", "77", "--vk", f"@{vk}", "--sample")


def test_two_operators_log_in_where_keys_come(shell, tmp_path):
    """Names alone are not people: both authenticate, with the permission, and are recorded."""
    shell.fine("init")
    file, one, two = (str(tmp_path / name) for name in ("keys.json", "one", "two"))
    keys = [VendingKey(sgc=77, vk="a0" * 20)]
    parts = [transfer.new_component(), transfer.new_component()]
    Path(file).write_text(transfer.make(keys, "KMC", utc_now(), parts))
    for path, part in zip((one, two), parts, strict=True):
        written(Path(path), part.hex())
    with Station.open(shell.state) as station:
        for name, role in (("ada", "administrator"), ("ben", "engineer"), ("eve", "cashier")):
            people_kit.add(station, name, role)
        _, spare = people_kit.add_factor(station, "ben")
    right = written(tmp_path / "ada", people_kit.PASSWORD)
    both = written(tmp_path / "ben", f"{people_kit.PASSWORD}\n{spare[0]}")
    base = ("key", "import", file, "--first-file", one, "--second-file", two)

    def refused(first, second, first_login=right, second_login=right):
        logins = ("--first-login", first_login, "--second-login", second_login)
        return shell.refused(*base, "--first", first, "--second", second, *logins)

    assert "two different people" in refused("ada", "ADA")
    wrong = written(tmp_path / "wrong", "not the password")
    assert "password is wrong" in refused("ada", "ben", wrong)
    assert "password is wrong" in refused("ada", "nobody")
    assert "code is wrong" in refused("ada", "ben")
    assert "may not" in refused("ada", "eve")
    logins = ("--first-login", right, "--second-login", both)
    done = shell.run(*base, "--first", "ada", "--second", "ben", *logins)
    assert done.status == 0 and "SGC 000077" in done.out
    assert done.err.startswith("Warning: ") and done.err.count("\n") == 2
    assert "code is wrong" in refused("ada", "ben", right, both)  # a recovery code is used once
    with Station.open(shell.state) as station, station.view() as view:
        assert chain.verify(view)[1] == []
        events = [(e.action, e.outcome, e.actor, e.detail) for e in chain.events(view)]
    for number, name in ((1, "ada"), (2, "ben")):
        detail = f"import from KMC: component {number} typed by operator {name}"
        assert ("keys.edit", "done", "cli:ada", detail) in events
    assert ("account.log_in", "done", "op:ben", "present at the command line") in events
    assert [e[:3] for e in events if e[0] == "keys.hold"] == [("keys.hold", "refused", "op:eve")]
    assert not any(spare[0] in detail or "correct-horse" in detail for *_, detail in events)


def test_two_of_three_shares_recover_the_keys(shell, tmp_path, passphrase):
    shell.fine("init")
    plain = vks(shell)
    assert "not sealed" in shell.refused("key", "shares", *TWO)
    file = str(tmp_path / "k")
    shell.run("key", "seal", "--with-key-file", file)
    assert "Unlock" in shell.refused("key", "shares", *TWO)
    printed = shell.run("key", "shares", "--key-file", file, *TWO).out.splitlines()
    assert len(printed) == 3
    files = [written(tmp_path / f"share{n}", text) for n, text in enumerate(printed)]
    new = ("--passphrase-file", passphrase, *TWO)
    assert "2 different" in shell.refused("key", "recover", "--share-file", files[0], *new)
    both = ("--share-file", files[2], "--share-file", files[0])
    assert shell.run("key", "recover", *both, *new).status == 0
    assert vks(shell, PASSPHRASE) == plain
    found = json.loads(shell.fine("key", "list", "--json"))
    assert [(s["needed"], s["of"]) for s in found["shares"]] == [(2, 3)]


def test_a_batch_of_sealed_keys(shell, tmp_path):
    file = str(tmp_path / "k")
    shell.run("init", "--key-file", file)
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"drn,units\n{drn(1)},5\n")
    words = ("sts", "batch", str(source), str(target), "--keys")
    keys = str(shell.state / "vending_keys.json")
    assert "keys are locked" in shell.run(*words, keys).err
    assert shell.run(*words, keys, "--key-file", file).status == 0
    assert drn(1) in target.read_text()


def test_every_command_has_help(shell):
    for name in ("list", "seal", "add", "edit", "import", "export", "shares", "recover"):
        assert shell.fine("key", name, "--help").startswith("Usage: tjugo key")


def test_a_passphrase_is_typed_at_a_terminal(shell, monkeypatch, passphrase):
    shell.fine("init")
    shell.fine("key", "seal", "--passphrase-file", passphrase)
    shell.fine("meter", "add", drn(1))
    monkeypatch.setattr(unlocking, "ask", lambda what, otherwise: PASSPHRASE)
    assert "Meter" in shell.run("sell", drn(1), "5", typed="").out
    monkeypatch.setattr(unlocking, "ask", lambda what, otherwise: "wrong passphrase")
    assert "does not open" in shell.run("sell", drn(1), "5", typed="").err
    assert "keys are locked" in shell.refused("sell", drn(1), "5")  # no terminal


@pytest.mark.long
def test_a_station_serves_with_locked_and_unlocked_keys(shell, tmp_path):
    file = str(tmp_path / "k")
    shell.run("init", "--key-file", file)
    for options, locked in (
        (("--key-file", file), False),
        (("--key-file", file, "--locked"), True),
    ):
        with served(shell.state, *options) as url, urllib.request.urlopen(f"{url}keys") as page:
            assert (b"and locked" in page.read()) is locked
