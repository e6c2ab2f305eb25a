"""Campaigns of key changes: which meters, the approval, the progress."""

from datetime import timedelta

import pytest
from engineering_kit import EA07, EA11, IN_2036, decide, make_station, plan, sell
from fastapi.testclient import TestClient
from station_kit import Clock, do, drn, see

from tjugo.errors import TjugoError
from tjugo.station import clock as clock_guard
from tjugo.station.audit import chain
from tjugo.station.operators import approvals
from tjugo.station.registry.meters import NewMeter, add_meter, set_status
from tjugo.station.storage.tables import KeyChange
from tjugo.station.vending import (
    campaigns,
    change_rows,
    change_steps,
    change_views,
    rollover_views,
)
from tjugo.web.app import create_app


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with make_station(tmp_path / "state", clock) as made:
        with made.work("test") as work:
            for number in range(3, 8):
                add_meter(work, NewMeter(drn(number)))
            add_meter(work, NewMeter(drn(8), krn=2))
            set_status(work, drn(7), "removed")
        yield made


def ask(station, changes, **more):
    with station.work("op:engineer") as work:
        return campaigns.ask(work, changes, **more)


def test_a_roll_over_of_all_meters_of_a_base_date(station, clock):
    clock.now = IN_2036
    do(station, clock_guard.confirm)
    approval, count = ask(station, {"krn": 5}, where={"bdt": "14"}, campaign="TID 2035")
    assert count == 7  # all but the removed one
    assert see(station, change_views.campaigns) == []
    with pytest.raises(TjugoError, match="nother person"):
        decide(station, approval, who="op:engineer")
    decide(station, approval)
    progress = see(station, change_views.campaign, "TID 2035")
    assert (progress.planned, progress.issued, progress.confirmed, progress.total) == (7, 0, 0, 7)
    assert [t.kind for t in sell(station, EA07, "s")][-1] == "credit"
    sell(station, EA11, "s2")
    do(station, change_steps.confirm, EA07, "reading")
    progress = see(station, change_views.campaign, "TID 2035")
    assert (progress.planned, progress.issued, progress.confirmed) == (5, 1, 1)
    dates = see(station, rollover_views.base_dates, clock.now)
    assert [(d.bdt, d.meters, d.planned, d.issued) for d in dates] == [
        ("14", 6, 5, 1),
        ("35", 1, 0, 0),
    ]
    assert dates[0].ends_at == "2045-11-24T20:15:00Z"
    assert see(station, chain.verify)[1] == []


def test_the_list_of_what_is_to_do_has_pages(station):
    approval, _ = ask(station, {"krn": 3}, where={"krn": 1}, campaign="c")
    decide(station, approval)
    seen, after = [], None
    while True:
        page = see(station, change_views.changes, "planned", "c", after=after, limit=2)
        seen += [row.drn for row in page.items]
        after = page.next
        if after is None:
            break
    assert seen == sorted(seen)
    assert len(seen) == 6
    with pytest.raises(TjugoError):
        see(station, change_views.changes, "nonsense")
    with pytest.raises(TjugoError):
        see(station, change_views.changes, after="nonsense")


def test_meters_that_are_done_or_busy_are_left_out(station):
    plan(station, drn(3), krn=2)
    approval, count = ask(station, {"krn": 2}, where={"sgc": 123457}, campaign="c")
    assert count == 5  # not 3 (open), 7 (removed), 8 (has it)
    decide(station, approval)
    with pytest.raises(TjugoError, match="already"):
        ask(station, {"krn": 3}, where={"krn": 1}, campaign="c")
    with pytest.raises(TjugoError, match="No meter"):
        ask(station, {"krn": 2}, where={"krn": 2}, campaign="d")


def test_one_meter(station):
    approval, count = ask(station, {"krn": 2, "ti": 7}, drns=[EA07])
    assert count == 1
    with station.view() as view:
        assert view.session.query(KeyChange).count() == 0
    decide(station, approval)
    row = see(station, change_rows.open_change, EA07)
    assert (row.state, row.number, row.planned_by) == ("planned", 1, "op:supervisor")
    with pytest.raises(TjugoError, match="planned or issued already"):
        ask(station, {"krn": 3}, drns=[EA07])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"drns": []}, "Which meters"),
        ({"where": {"bdt": "94"}}, "BDT must be"),
        ({"where": {"sgc": 1}}, "No meter"),
        ({"drns": [EA07], "campaign": "no/slash"}, "name"),
        ({"drns": [EA07], "campaign": ""}, "name"),
        ({"drns": [drn(99)]}, "not registered"),
    ],
)
def test_a_campaign_that_means_nothing_is_refused(station, given, words):
    with pytest.raises(TjugoError, match=words):
        ask(station, {"krn": 2}, **given)


def test_a_second_plan_is_refused_while_one_waits(station):
    approval, _ = ask(station, {"krn": 2}, drns=[EA07, EA07])
    for changes in ({"krn": 2}, {"ti": 7}):
        with pytest.raises(TjugoError, match=f"of meter {EA07} waits for approval") as caught:
            ask(station, changes, drns=[EA11, EA07])
        assert caught.value.code == "key_change_open"
    other, _ = ask(station, {"krn": 2}, drns=[EA11])
    ask(station, {"krn": 2}, where={"krn": 1}, campaign="c")
    for given in ({"drns": [drn(3)], "campaign": "c"}, {"where": {"krn": 1}, "campaign": "d"}):
        with pytest.raises(TjugoError, match="waits for approval already"):
            ask(station, {"krn": 2}, **given)
    decide(station, approval, approve=False)
    ask(station, {"krn": 3}, drns=[EA07])
    station.clock.now += timedelta(days=8)  # the other one expired
    with pytest.raises(TjugoError, match="expired"):
        decide(station, other)
    assert ask(station, {"krn": 2}, drns=[EA11])[1] == 1


def test_a_second_cancellation_is_refused_while_one_waits(station):
    plan(station, EA07, krn=2)
    sell(station, EA07, "s")
    do(station, campaigns.ask_cancel, EA07, "printer broke")
    with pytest.raises(TjugoError, match="waits for approval already"):
        do(station, campaigns.ask_cancel, EA07, "printer broke")


def test_a_confirmation_has_a_reason(station):
    plan(station, EA07, krn=2)
    sell(station, EA07, "s")
    for why in ("", "  ", "x" * 201):
        with pytest.raises(TjugoError, match="Give a reason"):
            do(station, change_steps.confirm, EA07, why)
    assert see(station, change_rows.open_change, EA07).state == "issued"


def test_every_approval_has_a_title_for_people():
    known = approvals.ACTIONS.values()
    titles = {action.title for action in known if not action.name.startswith("test.")}
    assert {"Plan a key change", "Cancel a key change", "Replace a token"} < titles
    assert all("." not in title and title[:1].isupper() for title in titles)


def test_issued_tokens_are_cancelled_by_two_people(station):
    plan(station, EA07, krn=2)
    sell(station, EA07, "s")
    approval = do(station, campaigns.ask_cancel, EA07, "printer broke")
    assert see(station, change_rows.open_change, EA07).state == "issued"
    decide(station, approval)
    assert see(station, change_rows.open_change, EA07) is None
    plan(station, EA07, krn=2)
    assert do(station, campaigns.ask_cancel, EA07, "a mistake") is None
    assert see(station, change_rows.open_change, EA07) is None


def test_a_change_confirmed_meanwhile_is_not_cancelled(station):
    plan(station, EA07, krn=2)
    sell(station, EA07, "s")
    approval = do(station, campaigns.ask_cancel, EA07, "printer broke")
    do(station, change_steps.confirm, EA07, "reading")
    with pytest.raises(TjugoError, match="not open"):
        decide(station, approval)


def test_the_meters_that_are_still_to_be_changed(tmp_path):
    with make_station(tmp_path / "other") as station:
        station.clock.now = IN_2036
        do(station, clock_guard.confirm)
        (date,) = see(station, rollover_views.base_dates, station.clock.now)
        assert (date.bdt, date.meters, date.to_do) == ("14", 2, 2)
        first = see(station, rollover_views.to_do, "14", None, 1)
        assert ([row.drn for row in first.items], first.next) == ([EA07], EA07)
        plan(station, EA07, krn=5)
        assert [row.drn for row in see(station, rollover_views.to_do, "14").items] == [EA11]
        assert see(station, rollover_views.to_do, "35").items == []
        (date,) = see(station, rollover_views.base_dates, station.clock.now)
        assert (date.planned, date.to_do) == (1, 1)
        with TestClient(create_app(station), base_url="http://127.0.0.1") as web:
            assert web.get("/api/v1/base-dates/14/meters").json()["items"][0]["drn"] == EA11
            shown = web.get("/key-changes?to_do=14", headers={"accept": "text/html"}).text
            assert "no key change yet" in shown and f"?drns={EA11}" in shown
