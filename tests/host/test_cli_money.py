"""The commands of the ledger, shifts, vendors, outlets and deposits."""

import json

import pytest
from cli_kit import Shell
from station_kit import drn


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    made = Shell(tmp_path / "state", monkeypatch, capsys)
    assert made.run("init").status == 0
    return made


def test_a_day_of_a_till_and_an_agent(shell):
    def out(*words):
        done = shell.run(*words)
        assert done.status == 0, done.err
        return done.out

    assert out("shift", "open", "--float", "50") == "Shift 1 is open.\n"
    shown = out("shift", "show", "1")
    assert shown.endswith(
        "open\nWhat is expected is shown after the count, which closes the shift.\n"
    )
    blind = json.loads(out("shift", "show", "1", "--json"))
    assert (blind["takings"], blind["counts"]) == (None, [])
    closed = out("shift", "cash-up", "1", "--count", "cash=49.50", "--note", "A coin.", "--yes")
    assert closed.endswith("Shift 1 is closed; difference -0.50 EUR.\n")
    assert "compared 1; first count cash 49.50 EUR" in out("shift", "show", "1")
    assert "cli:ada" in out("shift", "list")
    assert json.loads(out("shift", "show", "1", "--json"))["counts"][0]["difference"] == -50
    assert "closed by ada, at the command line; shifts 1" in out("shift", "bank")
    assert "to deposit 0.00 EUR" in out("shift", "batches")
    assert json.loads(out("shift", "batch", "1", "--json"))["takings"]["total"] == 0
    out("vendor", "add", "agent", "Agent Ltd", "--limit", "1000", "--commission", "2.5")
    out("vendor", "edit", "agent", "--commission", "3", "--limit", "none")
    assert "3.00 %" in out("vendor", "list")
    out("outlet", "add", "kiosk", "Kiosk", "--vendor", "agent")
    out("outlet", "edit", "kiosk", "--not-active")
    assert "not active" in out("outlet", "list")
    assert "20.50 EUR" in out("deposit", "add", "20.50", "SLIP 1", "--vendor", "agent")
    assert out("deposit", "show", "1") == out("deposit", "show", "1")
    assert "-20.50 EUR" in out("vendor", "statement", "agent")
    out("deposit", "reverse", "1", "--reason", "Wrong.", "--yes")
    assert "reversed" in out("deposit", "list")
    lines = json.loads(out("ledger", "statement", "vendor", "agent", "--json"))["lines"]
    assert [line["amount"] for line in lines] == [-2050, 2050]
    whole = json.loads(out("ledger", "statement", "vendor", "--json"))
    assert (whole["party"], [line["party"] for line in whole["lines"]]) == (None, ["agent"] * 2)
    assert out("ledger", "statement", "vendor").count("(agent)") == 2
    assert "0.50 EUR" in out("ledger", "balances")
    assert out("vendor", "commission") == "No commission is due.\n"
    assert "agree" in out("ledger", "rebuild", "--yes")
    assert out("ledger", "verify").startswith("The ledger is right: 4 entries")


def test_a_sale_on_the_command_line_is_in_the_open_shift(shell):
    """Before, it was at the outlet `main` and in no shift: its cash was a difference."""
    shell.fine("meter", "add", drn(1))
    shell.fine("customer", "add", "Ada", "--meter", drn(1))
    shell.fine("outlet", "add", "kiosk", "Kiosk", "--vendor", "main")
    shell.fine("shift", "open", "--float", "5", "--outlet", "kiosk")
    assert ", receipt kiosk 1\n" in shell.fine("sell", drn(1), "--money", "20", "--id", "a")
    shell.fine("pay", "C00001", "7")
    shell.fine("credit-note", "a", "--cash", "--amount", "4", "--reason", "Too much.")
    closed = shell.fine("shift", "cash-up", "1", "--count", "cash=28.00", "--yes")
    assert closed.endswith("difference 0.00 EUR.\n")
    assert ", receipt main 1\n" in shell.fine("sell", drn(1), "--money", "20")


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("shift", "open", "--float", "1,500"), 2, "could be"),
        (("shift", "cash-up", "1", "--count", "cash", "--yes"), 2, "Write each means once"),
        (("shift", "cash-up", "1", "--count", "cash=0", "--yes"), 1, "There is no shift 1."),
        (("shift", "show", "99999999999999999999"), 1, "There is no shift"),
        (("deposit", "add", "5", "A"), 2, "Give --batch or --vendor."),
        (("deposit", "add", "NaN", "A", "--vendor", "main"), 2, "not a finite number"),
        (("vendor", "add", "agent", "A", "--commission", "1000"), 2, "from 0 to 50 percent"),
        (("vendor", "add", "agent", "A", "--commission", "x"), 2, "The commission"),
        (("vendor", "edit", "main"), 2, "Nothing to change."),
        (("outlet", "add", "a b", "A"), 2, "lower-case letters"),
        (("ledger", "statement", "gold"), 1, "no account gold"),
        (("ledger", "correct", "1", "--reason", "x", "--yes"), 1, "no entry 1"),
    ],
)
def test_what_is_refused(shell, words, status, sentence):
    done = shell.run(*words)
    assert sentence in done.err
    assert done.status == status
