"""`tjugo init` and `tjugo utility`: a station with its utility, tariff and administrator."""

import json
from datetime import UTC, datetime

import pytest
from cli_kit import Shell

from tjugo.station.operators import log_in, people, sessions
from tjugo.station.setup import plan
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.service import Administrator, set_up
from tjugo.station.station import Station
from tjugo.station.tariffs.effect import in_effect

PASSWORD = "correct horse battery"
TOML = """
[utility]
name = "Gulu Power"
address = "1 Main Street\\nGulu"
tax_no = "0012345"
currency = "UGX"
time_zone = "Africa/Kampala"
receipt_text = "Webale"
[tariff]
price = 775.70
[administrator]
login = "ada"
name = "Ada Obi"
password_file = "password"
"""


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path / "state", monkeypatch, capsys)


def files(folder, text=TOML):
    (folder / "setup.toml").write_text(text)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o600)
    return str(folder / "setup.toml")


def facts(shell):
    with Station.open(shell.state) as station, station.view() as view:
        rules = in_effect(view, "flat", datetime.now(UTC)).rules
        return utilities.of(view), people.operators(view), str(rules.energy.rate), rules.currency


def test_a_station_from_a_file(shell, tmp_path, monkeypatch):
    place = tmp_path / "files"
    place.mkdir()
    shell.fine("init", "--from", files(place))
    utility, operators, rate, currency = facts(shell)
    assert utility.name == "Gulu Power" and utility.address == "1 Main Street\nGulu"
    assert (utility.tax_no, utility.time_zone, utility.language) == (
        *("0012345", "Africa/Kampala"),
        "en",
    )
    assert (rate, currency) == ("775.70", "UGX")
    assert [(one.operator, one.name, one.role) for one in operators] == [
        ("ada", "Ada Obi", "administrator")
    ]
    with Station.open(shell.state) as station:
        assert log_in.log_in(station, "ada", PASSWORD, "here").stage == sessions.OPEN


def test_options_stand_above_the_file(shell, tmp_path):
    shell.fine("init", "--from", files(tmp_path), "--name", "Lira Power", "--price", "500")
    utility, _, rate, _ = facts(shell)
    assert (utility.name, rate) == ("Lira Power", "500")


def test_questions_at_the_terminal(shell):
    typed = ["Gulu Power", "", "", "", "UGX", "", "", "", "700", "", "", "n"]
    done = shell.run("init", "--ask", typed="\n".join(typed) + "\n")
    assert (done.status, done.out) == (0, f"Station in {shell.state}\n")
    utility, operators, rate, _ = facts(shell)
    assert (utility.name, utility.currency, utility.time_zone) == ("Gulu Power", "UGX", "UTC")
    assert (operators, rate) == ([], "700")
    done = shell.run("init", "--ask", "--state", "other")
    assert done.status == 2 and "no terminal" in done.err


def test_each_answer_is_checked_at_once_and_asked_for_again(shell, monkeypatch):
    hidden = iter(["short", "short", "ada and the rest", "ada and the rest", PASSWORD, PASSWORD])
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: next(hidden))
    typed = [
        *("Gulu Power", "x" * 401, "1 Main Street", "", "", "XX1", "UGX"),
        *("Mars/One", "Africa/Kampala", "zz", "en", "", "1,500", "NaN", "1500"),
        *("A", "ada", "Ada Obi", "", "n"),
    ]
    done = shell.run("init", "--ask", typed="\n".join(typed) + "\n")
    assert (done.status, done.out) == (0, f"Station in {shell.state}\n")
    sentences = (
        *("The address is too long", "currency", "There is no time zone 'Mars/One'"),
        *("There is no language 'zz'", "The price", "A log-in name has 2 to 40 letters"),
        *("A password has", "This password is easy to guess"),
    )
    for sentence in sentences:
        assert sentence in done.err
    utility, operators, rate, currency = facts(shell)
    assert (utility.address, utility.time_zone) == ("1 Main Street", "Africa/Kampala")
    assert ([one.operator for one in operators], rate, currency) == (["ada"], "1500", "UGX")


def test_the_database_is_asked_at_once(shell, postgres, tmp_path):
    taken, empty = postgres.new_database(), postgres.new_database()
    set_up(tmp_path / "other", database_url=taken).close()
    nowhere = postgres.url("nowhere")
    wrong = ["tjugo", "postgresql://tjugo@/a?foo=b", nowhere, taken]
    typed = ["Gulu Power", "", "", "", "UGX", "", "", "", "700", "", *wrong, empty, "n"]
    done = shell.run("init", "--ask", typed="\n".join(typed) + "\n")
    assert (done.status, done.out) == (0, f"Station in {shell.state}\n")
    sentences = (
        "The database is given as postgresql://",
        "a parameter that is not known: foo",
        "does not exist. Make it with `createdb`.",
        "There is a station in the database",
    )
    places = [done.err.index(sentence) for sentence in sentences]
    assert places == sorted(places)
    assert done.err.count("PostgreSQL database, empty for a file") == len(wrong) + 1
    assert facts(shell)[0].name == "Gulu Power"


def test_a_database_that_is_given_is_asked_before_the_questions(shell, postgres):
    done = shell.run("init", "--ask", "--database", postgres.url("nowhere"), typed="")
    assert done.status == 1 and "does not exist" in done.err
    assert "Name of the utility" not in done.err and not shell.state.exists()


def test_a_wrong_option_is_refused_before_the_questions(shell):
    done = shell.run("init", "--ask", "--time-zone", "Mars/One", typed="")
    assert done.status == 2 and "Name of the utility" not in done.err
    assert "There is no time zone" in done.err


def test_nothing_given_makes_the_trial_station(shell):
    shell.fine("init")
    utility, operators, rate, currency = facts(shell)
    assert (utility.name, operators, rate, currency) == (
        *("Tjugo trial station", []),
        *("0.20", "EUR"),
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--currency", "XX1"], "currency"),
        (["--time-zone", "Mars/One"], "no time zone"),
        (["--language", "zz"], "no language"),
        (["--language", "it"], "write one of de, en, es, fr, pt, sw"),
        (["--language", "it-CH"], "write one of de, en, es, fr, pt, sw"),
        (["--from", "italian.toml"], "write one of de, en, es, fr, pt, sw"),
        (["--name", " "], "needs a name"),
        (["--price", "1,500"], "The price"),
        (["--price", "NaN"], "The price"),
        (["--admin", "A", "--admin-password-file", "password"], "log-in name"),
        (["--admin", "ada", "--admin-password-file", "short"], "A password has"),
        (["--admin", "ada"], "no terminal"),
        (["--admin-name", "Ada"], "give --admin"),
        (
            ["--admin", "ada", "--admin-name", "", "--admin-password-file", "password"],
            "name of 1 to 100",
        ),
        (["--database", ""], "The database is given as postgresql://"),
        (["--from", "database.toml"], "The database is given as postgresql://"),
        (["--key-file", ""], "cannot be read"),
        (["--state", ""], "The station's folder has no name: give --state FOLDER."),
        (["--from", "none.toml"], "cannot be read"),
        (["--from", "bad.toml"], "not a TOML file"),
        (["--from", "unknown.toml"], "there is no colour in a table utility"),
        (["--from", "true.toml"], "name is not a text"),
        (["--from", "outside.toml"], "outside of a table"),
    ],
)
def test_what_is_wrong_makes_no_station(shell, tmp_path, words, sentence):
    files(tmp_path)
    (tmp_path / "short").write_text("short")
    (tmp_path / "short").chmod(0o600)
    (tmp_path / "bad.toml").write_text("[utility")
    (tmp_path / "unknown.toml").write_text('[utility]\ncolour = "red"')
    (tmp_path / "true.toml").write_text("[utility]\nname = true")
    (tmp_path / "database.toml").write_text('[station]\ndatabase = ""')
    (tmp_path / "italian.toml").write_text('[utility]\nlanguage = "it"')
    (tmp_path / "outside.toml").write_text('name = "Gulu"')
    done = shell.run("init", *words)
    assert done.status in (1, 2) and sentence in done.err and "Traceback" not in done.err
    assert not shell.state.exists() and not (tmp_path / "vending_keys.json").exists()


def test_an_empty_address_of_the_database_is_wrong_usage(shell):
    for words in (["--database", ""], ["--database", "", "--ask"]):
        done = shell.run("init", *words, typed="")
        assert (done.status, done.err.count("The database is given as")) == (2, 1)
        assert "Name of the utility" not in done.err
    shell.fine("init")
    assert shell.run("init", "--database", "").status == 2


def test_a_station_that_is_there_stays_as_it_is(shell):
    shell.fine("init", "--name", "Gulu Power")
    assert "already" in shell.fine("init")
    assert "tjugo utility set" in shell.refused("init", "--name", "Lira Power")
    assert facts(shell)[0].name == "Gulu Power"


def test_the_utility_is_shown_and_changed(shell):
    shell.fine("init", "--name", "Gulu Power", "--phone", "0800 100")
    shell.fine("utility", "set", "--address", "2 Main Street", "--phone", "none")
    found = json.loads(shell.fine("utility", "show", "--json"))
    assert (found["name"], found["address"], found["phone"]) == (
        *("Gulu Power", "2 Main Street"),
        None,
    )
    assert "address       2 Main Street\n" in shell.fine("utility", "show")
    assert shell.run("utility", "set").status == 2
    assert shell.run("utility", "set", "--time-zone", "Mars/One").status == 2
    assert "settings.edit" in shell.fine("audit", "list")


def test_the_language_is_one_that_receipts_have(shell):
    shell.fine("init")
    assert "write one of de, en" in shell.run("utility", "set", "--language", "it").err
    shell.fine("utility", "set", "--language", "fr-CI")
    assert facts(shell)[0].language == "fr-CI"


def test_a_station_with_another_language_of_an_early_version_works(shell):
    shell.fine("init")
    with Station.open(shell.state) as station, station.work("test") as work:
        work.change_tenant(language="it")
    shell.fine("utility", "set", "--phone", "0800 200")
    assert facts(shell)[0].language == "it"
    assert "language      it" in shell.fine("utility", "show")
    shell.fine("utility", "set", "--language", "en")
    assert "write one of" in shell.run("utility", "set", "--language", "it").err


def test_the_currency_of_a_station_stays(shell):
    """Its tariff would have the same number in another currency."""
    shell.fine("init")
    assert "The currency stays EUR" in shell.refused("utility", "set", "--currency", "UGX")
    assert facts(shell)[0].currency == "EUR"


def test_the_password_is_in_no_repr(tmp_path):
    files(tmp_path)
    assert plan.read(tmp_path / "setup.toml")["price"] == "775.70"
    assert PASSWORD not in repr(Administrator("ada", "Ada", PASSWORD))
