"""Maker and checker when the maker is an API client: who made its key does not check it."""

import pytest
from engineering_kit import EA07, make_station
from people_kit import HTML, add, client, log_in, post
from station_kit import Clock, see

from tjugo.errors import NotPermitted
from tjugo.station.audit import chain
from tjugo.station.operators import approvals, clients

SENTENCE = "The API client scada asked for this with a key that you made"


@pytest.fixture
def station(tmp_path):
    with make_station(tmp_path / "state", Clock()) as made:
        for operator in ("ada", "eve"):
            add(made, operator)
        yield made


def made_by(station, actor, renew=False):
    """Make the client, or give it a new key, as an actor; return the key."""
    station.clock.forward(seconds=1)
    with station.work(actor) as work:
        if renew:
            return clients.renew(work, "scada")
        return clients.add(work, "scada", "Control centre", ["engineering"])


def asked(station, key, name="a"):
    """Ask for a token as the client; return the approval."""
    station.clock.forward(seconds=1)
    with client(station) as web:
        answer = web.put(
            f"/api/v1/engineering/{name}",
            json={"kind": "clear_credit", "drn": EA07},
            headers={"authorization": f"Bearer {key}"},
        )
    assert answer.status_code == 202
    return answer.json()["approval"]


def decided(station, approval, actor):
    with station.work(actor) as work:
        return approvals.decide(work, approval, True).state


@pytest.mark.parametrize("maker", ["op:ada", "cli:ada"])
def test_who_made_the_key_does_not_approve(station, maker):
    approval = asked(station, made_by(station, maker))
    for actor in ("op:ada", "cli:ada"):
        with pytest.raises(NotPermitted, match=SENTENCE) as refused:
            decided(station, approval, actor)
        assert refused.value.code == "approval_own"
    assert decided(station, approval, "op:eve") == "approved"


def test_the_page_refuses_it_and_offers_it_to_others(station):
    approval = asked(station, made_by(station, "op:ada"))
    path = f"/approvals/{approval}"
    with client(station) as ada, client(station) as eve:
        log_in(ada, "ada")
        log_in(eve, "eve")
        assert path not in ada.get("/approvals", headers=HTML).text
        refused = post(ada, path, "/account", decision="approve")
        assert refused.status_code == 403 and SENTENCE in refused.text
        assert path in eve.get("/approvals", headers=HTML).text
        assert post(eve, path, "/approvals", decision="approve").status_code == 303
    events = see(station, lambda view: list(chain.events(view)))
    assert any(event.outcome == "refused" and SENTENCE in event.detail for event in events)


def test_the_key_of_the_moment_of_the_request_counts(station):
    first = asked(station, made_by(station, "op:ada"))
    second = asked(station, made_by(station, "op:eve", renew=True), "b")
    with pytest.raises(NotPermitted):
        decided(station, first, "op:ada")
    with pytest.raises(NotPermitted):
        decided(station, second, "op:eve")
    assert decided(station, first, "op:eve") == "approved"
    assert decided(station, second, "op:ada") == "approved"


def test_a_client_whose_maker_is_not_known_refuses_nobody(station, monkeypatch):
    with monkeypatch.context() as early:  # a version that recorded something else
        early.setattr(clients, "_ADDED", "made ")
        approval = asked(station, made_by(station, "op:ada"))
    assert decided(station, approval, "op:ada") == "approved"
