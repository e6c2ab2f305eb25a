"""The plausibility check of the clock, TIDs of a wrong one, and the station's settings."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from station_kit import NOON, Clock, do, drn, new_station, see

from tjugo import BUILT
from tjugo.bench.provision import provision
from tjugo.commands import main as cli
from tjugo.errors import Conflict, NotFound, TjugoError, Unavailable
from tjugo.station import clock as guard
from tjugo.station import settings
from tjugo.station.audit.chain import events
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.vending import tids
from tjugo.station.vending.vend import sell

ONE = Decimal(1)
DAY = timedelta(days=1)
MONTH = timedelta(days=31)


SET_UP = {"meters.edit", "sales.sell"}


def recorded(station):
    """Return the audit events without those of the set-up, of new meters and of sales."""
    found = see(station, lambda view: list(events(view)))
    return [row for row in found if row.actor != "init" and row.action not in SET_UP]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with new_station(tmp_path / "state", clock) as opened:
        yield opened


def sale(station, client_id, number=1):
    return sell(station, "test", client_id, drn(number), ONE)


@pytest.mark.parametrize(
    ("now", "seen", "words"),
    [
        (NOON, NOON, None),
        (NOON - timedelta(minutes=9), NOON, None),
        (NOON - timedelta(minutes=11), NOON, "it has been 2026-11-22T12:00:00Z here already"),
        (NOON + MONTH, NOON, None),
        (NOON + MONTH + DAY, NOON, "32 days after it was last seen"),
        (BUILT - DAY, None, "before this version was made"),
        (BUILT - DAY, BUILT - DAY, "before this version was made"),
        (NOON, None, None),
        (datetime(2045, 1, 1, tzinfo=UTC), None, "The clock reads 2045-01-01T00:00:00Z."),
    ],
)
def test_when_a_clock_is_not_believed(now, seen, words):
    found = guard.problem(now, seen, MONTH)
    assert (found is None) == (words is None)
    assert words is None or words in found


@pytest.mark.parametrize("days", [-1, 40, 6000])
def test_a_jump_stops_sales_until_a_person_confirms(station, clock, days):
    sale(station, "before")
    clock.forward(days=days)
    for _ in range(2):
        with pytest.raises(Unavailable, match="tjugo clock confirm"):
            sale(station, "a")
    with station.work("anna") as work:
        guard.confirm(work)
    assert sale(station, "a").digits
    (done,) = [row for row in recorded(station) if row.action == "clock.confirm"]
    assert (done.action, done.actor, done.at) == ("clock.confirm", "anna", clock())
    assert "last seen 2026-11-22T12:00:00Z" in done.detail


def test_another_process_confirms(station, clock, tmp_path):
    sale(station, "before")
    clock.forward(days=-5)
    with Station.open(tmp_path / "state", clock=clock) as other:
        do(other, guard.confirm)
    assert sale(station, "a").digits


def test_a_clock_that_goes_on_while_the_station_runs_is_believed(station, clock):
    sale(station, "before")
    for _ in range(60):
        clock.forward(days=1)
        with station.work("mqtt") as work:
            work.now()
    assert sale(station, "a").digits


def test_a_sale_notes_the_time(station, clock, tmp_path):
    clock.forward(days=30)
    sale(station, "a")
    station.close()
    clock.forward(days=30)
    with Station.open(tmp_path / "state", clock=clock) as again:
        assert sale(again, "b").digits


def test_a_clock_before_the_build_cannot_be_confirmed(station, clock):
    clock.now = BUILT - DAY
    sentences = []
    for act in (lambda: do(station, guard.confirm), lambda: sale(station, "a")):
        with pytest.raises(Unavailable) as caught:
            act()
        sentences.append(caught.value.message)
    assert sentences[0] == sentences[1]
    assert sentences[0].endswith("Set the clock: nothing is sold or posted until then.")


def misdate(station, clock, count=1, number=1):
    """Sell with the clock at 2045, confirmed by mistake; then set the clock right."""
    clock.now = datetime(2045, 11, 1, tzinfo=UTC)
    do(station, guard.confirm)
    sold = [sale(station, f"wrong-{number}-{i}", number).tid for i in range(count)]
    clock.now = NOON + DAY
    do(station, guard.confirm)
    return sold


def test_tids_of_a_wrong_clock_are_put_right(station, clock):
    right = sale(station, "right").tid
    wrong = misdate(station, clock, 3)
    after = sale(station, "after").tid
    assert after == wrong[-1] + 1
    with station.work("anna") as work:
        assert tids.repair(work, drn(1)) == {drn(1): 4}
    found = sale(station, "repaired").tid
    assert right < found < wrong[0]
    assert found - right == 1440
    (done,) = [row for row in recorded(station) if row.action == "tids.repair"]
    assert (done.actor, done.at) == ("anna", clock())
    assert (done.subject, done.detail) == (f"meter {drn(1)}", "base date 14: 4 tokens")
    with station.work("anna") as work:
        assert tids.repair(work) == {}


def test_a_skipped_tid_is_never_issued_again(station, clock):
    clock.forward(days=3)
    ahead = [sale(station, f"ahead-{i}").tid for i in range(2)]
    clock.now = NOON
    do(station, guard.confirm)
    do(station, tids.repair, drn(1))
    clock.forward(days=3)
    assert sale(station, "then").tid == ahead[-1] + 1
    assert sale(station, "next").tid == ahead[-1] + 2


def test_all_meters_are_repaired_but_those_that_need_a_key_change(station, clock):
    misdate(station, clock, 1, number=1)
    misdate(station, clock, tids.STORE, number=2)
    with pytest.raises(Conflict, match="needs a key change"):
        do(station, tids.repair, drn(2))
    assert do(station, tids.repair) == {drn(1): 1}
    with pytest.raises(NotFound):
        do(station, tids.repair, drn(9))


def test_tids_are_repaired_by_a_believed_clock_only(station, clock):
    misdate(station, clock)
    clock.forward(days=100)
    with pytest.raises(Unavailable):
        do(station, tids.repair, drn(1))


def test_the_limit_of_a_sale_is_set(station):
    with pytest.raises(TjugoError, match=r"more than this station sells at once \(5000 kWh\)"):
        sell(station, "test", "a", drn(1), Decimal("5000.1"))
    with station.work("anna") as work:
        settings.put(work, "sale_limit_kwh", "7.5")
    assert sell(station, "test", "b", drn(1), Decimal("7.5")).digits
    with pytest.raises(TjugoError, match=r"at once \(7\.5 kWh\)"):
        sell(station, "test", "c", drn(1), Decimal("7.6"))
    (done,) = recorded(station)
    assert (done.action, done.actor, done.subject, done.detail) == (
        *("settings.edit", "anna", "setting sale_limit_kwh", "7.5"),
    )


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "nan", "1e99", "1_0", "\u0661"])
def test_a_setting_that_cannot_be(station, text):
    with pytest.raises(TjugoError, match="must be a number from"):
        do(station, settings.put, "sale_limit_kwh", text)
    with pytest.raises(NotFound, match="no setting 'x'"):
        do(station, settings.put, "x", "1")
    assert recorded(station) == []


def test_a_list_of_many_meters_reads_what_it_shows(station):
    with station.view() as view:
        page = registry_views.meters(view, limit=2)
        assert [meter.drn for meter in page.items] == [drn(1), drn(2)]
        page = registry_views.meters(view, after=page.next, limit=2)
        assert ([meter.drn for meter in page.items], page.next) == ([drn(3)], None)
        loaded = [row for row in view.session if type(row).__name__ == "Meter"]
        assert len(loaded) <= 4


def test_a_bench_sells_whatever_its_simulated_clock(station, clock):
    options = {"meters": 1, "collector": True, "baudrate": 9600}
    for days in (3000, -2000):
        clock.forward(days=days)
        provision(station, options, 1883)
        assert sale(station, f"{days}").digits
    clock.forward(days=300)
    assert sale(station, "later").digits


def run(monkeypatch, tmp_path, *words):
    monkeypatch.setenv("TJUGO_STATE", str(tmp_path / "state"))
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    return ended.value.code


def test_the_commands(station, clock, tmp_path, monkeypatch, capsys):
    stations = SimpleNamespace(open=lambda state: Station.open(state, clock=clock))
    monkeypatch.setattr("tjugo.commands.clock.Station", stations)
    misdate(station, clock)
    assert run(monkeypatch, tmp_path, "clock", "check") == 0
    assert run(monkeypatch, tmp_path, "clock", "repair-tids") == 2
    assert run(monkeypatch, tmp_path, "clock", "repair-tids", drn(2).lstrip("0")) == 0
    nothing = f"Meter {drn(2)} has no token with a TID in the future that can be skipped."
    assert nothing in capsys.readouterr().out
    assert run(monkeypatch, tmp_path, "clock", "repair-tids", "--all") == 0
    assert (
        f"Meter {drn(1)}: 1 tokens with a TID in the future are skipped" in capsys.readouterr().out
    )
    clock.forward(days=-1)
    assert run(monkeypatch, tmp_path, "clock", "check") == 1
    assert run(monkeypatch, tmp_path, "clock", "confirm") == 0
    assert run(monkeypatch, tmp_path, "clock", "check") == 0
    assert run(monkeypatch, tmp_path, "setting", "sale_limit_kwh", "100") == 0
    assert run(monkeypatch, tmp_path, "setting") == 0
    assert "sale_limit_kwh = 100" in capsys.readouterr().out
    assert run(monkeypatch, tmp_path, "setting", "sale_limit_kwh", "0") == 2
    done = {row.action for row in recorded(station) if row.actor.startswith("cli:")}
    assert done == {"clock.confirm", "tids.repair", "settings.edit"}
