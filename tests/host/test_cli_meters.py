"""Meters, customers and their links on the command line."""

import json
import os
import pwd

import pytest
from cli_kit import Shell
from station_kit import COLLECTOR, do, drn, new_station, see

from tjugo.commands import output
from tjugo.station.registry import history, meters
from tjugo.station.station import utc_now


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    new_station(tmp_path / "state", utc_now).close()
    return Shell(tmp_path / "state", monkeypatch, capsys)


@pytest.fixture
def ada(shell):
    """Return an account that meter 1 serves."""
    shell.fine("customer", "add", "Ada", "--meter", drn(1))
    return "C00001"


def show(shell, number):
    return json.loads(shell.fine("meter", "show", number, "--json"))


def everything(shell):
    """Return all that is registered, for comparison."""
    listed = json.loads(shell.fine("meter", "list", "--json"))["items"]
    histories = [show(shell, row["drn"])["history"] for row in listed]
    customers = json.loads(shell.fine("customer", "list", "--json"))["items"]
    collectors = json.loads(shell.fine("collector", "list", "--json"))["items"]
    return listed, histories, customers, collectors


HALVES = [
    ("meter", "add", drn(4), "--customer", "NOPE", "--collector", "new"),
    ("customer", "add", "Eve", "--meter", drn(9)),
    ("customer", "add", "Eve", "--meter", "01000000015"),
    ("meter", "edit", drn(1), "--collector", "new", "--customer", "NOPE"),
    ("meter", "edit", drn(3), "--collector", "new", "--customer", "none"),
    ("meter", "edit", drn(3), "--collector", "new", "--service-point", "Plot 1"),
    ("meter", "link", drn(1), "NOPE"),
    ("meter", "replace", drn(1), drn(9), "--reason", "burnt", "--yes"),
    ("meter", "retire", drn(9), "--reason", "burnt", "--yes"),
    ("meter", "retire", drn(1), "--reason", "burnt\x07", "--yes"),
]


@pytest.mark.parametrize("words", HALVES, ids=lambda words: " ".join(words[:5]))
def test_a_command_does_all_or_nothing(shell, ada, words):
    before = everything(shell)
    done = shell.run(*words)
    assert done.status in (1, 2) and done.out == ""
    assert done.err.endswith(".\n") and len(done.err.splitlines()) == 1
    assert everything(shell) == before


NO_KEY = [
    ("--sgc", "999999"),
    ("--krn", "2"),
    ("--kt", "1"),
    ("--bdt", "93"),
    ("--dkga", "02"),
    ("--ken", "256"),
]


@pytest.mark.parametrize("words", NO_KEY, ids=" ".join)
def test_no_meter_is_registered_that_cannot_be_sold_for(shell, words):
    done = shell.run("meter", "add", drn(4), *words)
    assert done.status in (1, 2) and done.out == ""
    assert "is not registered" in shell.refused("meter", "show", drn(4))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--ken", "90"), "the key expired after 2025-05-04 12:15"),
        (("--kt", "1"), "has a default key (KT 1), under which it refuses credit"),
        (("--ken", "255"), ""),
    ],
)
def test_a_meter_that_needs_a_key_change_is_named(shell, tmp_path, given, words):
    vk = tmp_path / "vk"
    vk.touch(0o600)
    vk.write_text("99" * 20)
    shell.run("key", "add", "--kt", "1", "--sample", "--vk", f"@{vk}")
    done = shell.run("meter", "add", drn(4), *given)
    assert done.status == 0
    assert words in done.err
    assert bool(words) == bool(done.err)


@pytest.mark.parametrize("number", ["0000000000000", "00000000000", "0"])
def test_the_number_zero_is_no_meters(shell, number):
    assert "is not the number of a meter" in shell.run("meter", "add", number).err
    assert "is not registered" in shell.run("meter", "show", number).err


def test_a_number_that_is_repaired_is_named(shell):
    short = drn(1).lstrip("0")
    named = f"Meter number {short} is read as {drn(1)}.\n"
    sale = shell.run("sell", short, "5", "--json")
    assert (sale.status, sale.err, json.loads(sale.out)["drn"]) == (0, named, drn(1))
    token = json.loads(sale.out)["token"]
    for words in (
        ("meter", "show", short),
        ("meter", "status", short),
        ("meter", "edit", short, "--collector", "c2"),
        ("meter", "retire", short, "--reason", "x", "--yes"),
        ("customer", "add", "Ben", "--meter", drn(2).lstrip("0")),
        ("token", "decode", token, "--meter", short),
        ("explain", token, "--meter", short),
    ):
        done = shell.run(*words)
        assert (done.status, done.err.count(" is read as ")) == (0, 1), words
    spaced = f"{drn(1)[:4]} {drn(1)[4:]}"
    assert drn(1) in shell.fine("meter", "show", spaced)  # nothing was repaired


def test_two_meters_never_differ_by_leading_zeros_only(shell):
    longer = drn(1).rjust(13, "0")
    assert shell.refused("meter", "add", longer) == (
        f"Meter {drn(1)} is registered already; {longer} differs by leading zeros only, and where "
        "those are lost the two could not be distinguished.\n"
    )


def test_the_right_check_digit_is_never_named(shell):
    wrong = drn(1)[:-1] + str((int(drn(1)[-1]) + 1) % 10)
    for words in (("sell", wrong, "5"), ("meter", "add", wrong), ("meter", "show", wrong)):
        assert (
            shell.refused(*words)
            == f"Meter number {wrong} has a wrong check digit: compare all its digits.\n"
        )


@pytest.mark.parametrize(
    "amount", ["0", "abc", "-5", "0.05", "1,500", "1.500", "", "5_0", "٥", "9999999"]
)
def test_an_amount_that_cannot_be_sold_is_wrong_use(shell, amount):
    done = shell.run("sell", drn(1), amount)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("The amount ")


def test_a_retired_meter_is_sold_nothing_until_it_is_installed_again(shell, ada):
    shell.fine("meter", "edit", drn(1), "--service-point", "Plot 3")
    shell.fine("meter", "retire", drn(1), "--reason", "burnt", "--yes")
    found = show(shell, drn(1))
    assert (found["status"], found["customer"], found["collector"]) == ("removed", None, None)
    assert [link["account_no"] for link in found["history"]["links"]] == [ada, ada]
    assert all(link["until"] for link in found["history"]["links"])
    (change,) = found["history"]["statuses"]
    assert (change["status"], change["actor"], change["reason"]) == ("removed", "cli:ada", "burnt")
    assert shell.refused("sell", drn(1), "5") == (
        f"Meter {drn(1)} is retired: nothing is sold for it.\n"
    )
    again = shell.refused("meter", "retire", drn(1), "--reason", "burnt", "--yes")
    assert again == f"Meter {drn(1)} is retired already.\n"
    for words in (("link", drn(1), ada), ("edit", drn(1), "--collector", "c1")):
        assert "Put it back to stock first" in shell.refused("meter", *words)
    shell.fine("meter", "status", drn(1), "stock", "--reason", "repaired")
    assert "is in stock: nothing is sold" in shell.refused("sell", drn(1), "5")
    shell.fine("meter", "link", drn(1), ada)
    shell.fine("meter", "status", drn(1), "installed")
    assert "5 kWh" in shell.fine("sell", drn(1), "5")
    statuses = json.loads(shell.fine("meter", "status", drn(1), "--json"))
    assert statuses["status"] == "installed"
    assert [row["status"] for row in statuses["statuses"]] == ["removed", "stock", "installed"]


def test_retiring_asks_first(shell, ada):
    question = f"Retire meter {drn(1)} of Ada ({ada})?"
    words = ("meter", "retire", drn(1), "--reason", "burnt")
    done = shell.run(*words)
    assert (done.status, done.err) == (2, f"{question} Add --yes to confirm.\n")
    done = shell.run(*words, typed="n\n")
    assert done.status == 1 and question in done.err
    assert done.err.endswith("Nothing was changed.\n")
    assert show(shell, drn(1))["status"] == "installed"
    done = shell.run(*words, typed="y\n")
    assert (done.status, done.out) == (0, f"Meter {drn(1)} is retired: nothing is sold for it.\n")


def test_a_reason_is_needed_to_retire(shell):
    assert shell.run("meter", "retire", drn(1), "--yes").status == 2
    done = shell.run("meter", "retire", drn(1), "--yes", "--reason", " ")
    assert (done.status, done.err) == (
        2,
        f"The reason why meter {drn(1)} is retired is missing.\n",
    )
    assert show(shell, drn(1))["status"] == "installed"


def test_editing_a_meter(shell, ada):
    shell.fine("customer", "add", "Ben")
    shell.fine("meter", "edit", drn(1), "--collector", "c9", "--service-point", "Plot 3")
    found = show(shell, drn(1))
    assert (found["collector"], found["service_point"]) == ("c9", "Plot 3")
    shell.fine("meter", "edit", drn(1), "--customer", "C00002")
    found = show(shell, drn(1))
    assert (found["customer"]["name"], found["service_point"]) == ("Ben", "Plot 3")
    words = ("meter", "edit", drn(1), "--service-point", "none", "--collector", "none", "--json")
    found = json.loads(shell.fine(*words))
    assert (found["collector"], found["service_point"]) == (None, None)
    assert found["customer"]["name"] == "Ben"
    shell.fine("meter", "edit", drn(1), "--customer", "none")
    assert show(shell, drn(1))["customer"] is None
    names = [link["name"] for link in show(shell, drn(1))["history"]["links"]]
    assert names == ["Ada", "Ada", "Ben", "Ben"]


WRONG_USE = [
    (("meter", "edit", drn(1)), "Nothing to change: give --collector"),
    (("customer", "edit", "C00001"), "Nothing to change: give --name"),
    (
        ("meter", "edit", drn(1), "--customer", "none", "--service-point", "x"),
        "A meter without a customer has no service point.",
    ),
    (("meter", "add", drn(4), "--service-point", "x"), "A service point needs a customer"),
    (("meter", "status", drn(1), "removed"), "Usage: tjugo meter status"),
    (("meter", "status", drn(1), "--reason", "x"), "A reason needs a status to set."),
    (("meter", "list", "--limit", "0"), "Usage: tjugo meter list"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG_USE, ids=lambda value: str(value)[:40])
def test_wrong_use(shell, ada, words, sentence):
    done = shell.run(*words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(sentence)


def test_replacing_a_meter(shell, ada):
    shell.fine("meter", "edit", drn(1), "--service-point", "Plot 3")
    shell.fine("meter", "status", drn(3), "stock")
    shell.fine("meter", "replace", drn(1), drn(3), "--reason", "burnt", "--yes")
    old, new = show(shell, drn(1)), show(shell, drn(3))
    assert (old["status"], old["customer"], old["collector"]) == ("removed", None, None)
    assert (new["status"], new["customer"]["account_no"]) == ("installed", ada)
    assert (new["service_point"], new["collector"]) == ("Plot 3", COLLECTOR)
    assert shell.refused("meter", "replace", drn(2), drn(3), "--reason", "x", "--yes") == (
        f"Meter {drn(3)} serves account {ada} already.\n"
    )
    assert shell.refused("meter", "replace", drn(2), drn(2), "--reason", "x", "--yes") == (
        f"Meter {drn(2)} cannot replace itself.\n"
    )


def test_removing_a_customer(shell, ada):
    shell.fine("customer", "add", "Ben {name}")
    assert shell.refused("customer", "remove", ada, "--yes") == (
        f"Account {ada} has or had a meter and is kept.\n"
    )
    shell.fine("meter", "unlink", drn(1))
    assert "has or had a meter" in shell.refused("customer", "remove", ada, "--yes")
    done = shell.run("customer", "remove", "C00002", typed="y\n")
    assert (done.status, done.out) == (0, "Account C00002 is removed.\n")
    assert "Remove account C00002, Ben {name}?" in done.err
    assert shell.refused("customer", "show", "C00002") == "There is no account C00002.\n"


def test_braces_in_a_name_are_only_text(shell):
    shell.fine("customer", "add", "{drn} {0}", "--meter", drn(1))
    done = shell.fine("meter", "replace", drn(1), drn(3), "--reason", "{x}", "--yes")
    assert done == f"Meter {drn(3)} replaces {drn(1)} of {{drn}} {{0}} (C00001).\n"


def test_lists_are_shown_in_parts(shell):
    first = shell.fine("meter", "list", "--limit", "2").splitlines()
    assert len(first) == 3 and first[2].endswith(f"--after {drn(2)}")
    rest = shell.fine("meter", "list", "--limit", "2", "--after", drn(2)).splitlines()
    assert len(rest) == 1 and rest[0].startswith(drn(3))
    part = json.loads(shell.fine("meter", "list", "--limit", "1", "--search", "c1", "--json"))
    assert [row["drn"] for row in part["items"]] == [drn(1)] and part["next"] == drn(1)
    assert shell.fine("meter", "list", "--search", "zzz") == "Nothing was found.\n"
    assert "No customers yet" in shell.fine("customer", "list")
    for number in range(3):
        shell.fine("sell", drn(1), "5", "--id", f"s{number}")
    after, seen = (), []
    while True:
        found = json.loads(shell.fine("sales", "--limit", "2", "--json", *after))
        seen += [row["client_id"] for row in found["items"]]
        if found["next"] is None:
            break
        after = ("--after", found["next"])
    assert sorted(seen) == ["s0", "s1", "s2"]


def test_a_sale_is_the_same_whoever_tries_it_again(shell, monkeypatch):
    first = json.loads(shell.fine("sell", drn(1), "5", "--id", "a", "--json"))
    monkeypatch.setattr(output, "actor", lambda: "cli:ben")
    again = json.loads(shell.fine("sell", drn(1), "5", "--id", "a", "--json"))
    assert (again["token"], again["client"]) == (first["token"], "cli")


def test_the_actor_is_the_login_name(monkeypatch):
    assert output.actor() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"

    def nobody(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert output.actor() == f"cli:{os.getuid()}"


def test_a_lost_key_file_is_not_made_anew(shell):
    keys = shell.state / "vending_keys.json"
    kept = keys.read_bytes()
    assert shell.fine("init") == f"There is a station in {shell.state} already.\n"
    assert keys.read_bytes() == kept
    keys.unlink()
    assert "is missing. Restore it" in shell.refused("init")
    assert "is missing" in shell.refused("sell", drn(1), "5")
    assert not keys.exists()


FOLDER = [
    ("station", "--port", "0"),
    ("sell", drn(1), "5"),
    ("sales",),
    ("meter", "list"),
    ("meter", "add", drn(4)),
    ("customer", "add", "Ada"),
    ("collector", "list"),
]


@pytest.mark.parametrize("words", FOLDER, ids=lambda words: " ".join(words[:2]))
def test_only_init_makes_a_station(shell, tmp_path, words):
    typo = tmp_path / "typo"
    sentence = shell.refused(*words, "--state", str(typo))
    assert sentence == f"There is no station in {typo}. `tjugo init` makes one.\n"
    assert not typo.exists()


def test_a_status_that_does_not_change_is_not_recorded(shell):
    shell.fine("meter", "status", drn(1), "installed")
    assert show(shell, drn(1))["history"]["statuses"] == []


def test_changes_of_one_moment_are_all_kept(tmp_path):
    """As when a program changes a status twice in one unit of work."""
    with new_station(tmp_path / "still") as station:
        for status in ("blocked", "installed", "blocked"):
            do(station, meters.set_status, drn(1), status)
        found = see(station, history.meter_history, drn(1)).statuses
    assert [row.status for row in found] == ["blocked", "installed", "blocked"]


def test_a_sale_names_a_key_that_expires_soon(shell):
    assert shell.run("meter", "add", drn(9), "--ken", "103").status == 0
    shell.fine("meter", "status", drn(9), "installed")
    sale = shell.run("sell", drn(9), "5", "--json")
    warning = json.loads(sale.out)["warning"]
    assert warning.startswith(f"Meter {drn(9)}: the key expire")
    assert (sale.status, sale.err) == (0, warning + "\n")
