"""Commands that nobody should have sent, jobs that nobody claims, and the echo."""

import json

from check_collector_commands import build, command, said
from check_collector_jobs import DRN, OTHER, TOKEN, Files

from collector.jobs import store as jobs
from collector.link.presence import Presence

NOW = 1780000000
DAY = 86400
ECHO = ("tjugo/v1/1/c1/echo/reply", {"nonce": 7}, False)


def test_a_finished_jobs_ref_with_other_digits_is_refused():
    files = Files()
    parts = build(files)
    order, other = {"ref": 9, "token": TOKEN}, {"ref": 9, "token": OTHER}
    command(parts, order)
    parts.store.finish(parts.store.get(9), 1, NOW)
    said(parts)
    refused = {"ref": 9, "state": "refused", "why": "this ref is already used for another token"}
    assert command(parts, other) == [refused]
    assert command(build(files), other)[-1] == refused  # after a restart
    command(parts, {"ref": 9, "forget": True})
    assert command(parts, other) == [refused]
    assert command(parts, order, drn="11111111111") == [refused]
    assert command(parts, order)[0]["state"] == "done"
    assert len(parts.store) == 0


def test_two_hundred_forged_jobs_do_not_block_the_collector():
    parts = build()
    for ref in range(1, 201):
        answer = command(parts, {"ref": ref, "token": f"{ref:020}"})[-1]
        assert answer["state"] == ("stored" if ref <= 20 else "refused")
    assert len(parts.store) == 20
    assert command(parts, {"ref": 999, "token": TOKEN}, drn="11111111111")[-1]["state"] == "stored"
    for ref in range(1, 21):
        parts.store.finish(parts.store.get(ref), 13, NOW)
    assert command(parts, {"ref": 998, "token": TOKEN})[-1]["state"] == "stored"


def test_results_that_the_broker_has_make_room():
    parts = build(max_jobs=2)
    for ref in (1, 2):
        command(parts, {"ref": ref, "token": TOKEN})
    for ref in (1, 2):
        parts.store.finish(parts.store.get(ref), 13, NOW)
    assert json.loads(parts.outbox.next()[1])["ref"] == 1
    parts.outbox.lost()  # it may not have reached the broker
    third = {"ref": 3, "token": TOKEN}
    answers = command(parts, third)
    assert [(a["ref"], a["state"]) for a in answers] == [(3, "refused"), (1, "done"), (2, "done")]
    assert command(parts, third)[-1]["state"] == "stored"
    assert parts.store.get(1) is None and parts.store.get(2).published


def test_an_expired_job_is_reported_until_it_is_forgotten_and_the_next_one_follows():
    parts = build(job_days=2)
    topic = f"tjugo/v1/1/c1/{DRN}/cmd"
    late = json.dumps({"ref": 1, "token": TOKEN, "expires": NOW}).encode()
    parts.commands.take(topic, late, False, NOW)
    assert "expired" in said(parts)[0][1]["why"]
    for ref, token in ((2, TOKEN), (3, OTHER)):
        order = json.dumps({"ref": ref, "token": token, "expires": NOW + 60 * ref}).encode()
        parts.commands.take(topic, order, False, NOW)
    assert parts.poller.meter(DRN).job.ref == 2
    said(parts)
    for _ in range(4):
        parts.second(60000, NOW + 120)
    answers = [answer for topic, answer, _ in said(parts) if topic.endswith("/ack")]
    assert [(answer["ref"], answer["state"]) for answer in answers] == [(2, "refused")]
    assert "expired" in answers[0]["why"]
    assert parts.poller.meter(DRN).job.ref == 3
    command(parts, {"ref": 2, "forget": True})
    assert parts.store.get(2) is None


def test_a_job_that_is_being_delivered_does_not_expire():
    parts = build()
    parts.commands.take(
        f"tjugo/v1/1/c1/{DRN}/cmd",
        json.dumps({"ref": 1, "token": TOKEN, "expires": NOW + 1}).encode(),
        False,
        NOW,
    )
    parts.poller.meter(DRN).online = True
    parts.second(60000, NOW + 5)
    assert parts.store.get(1).state == 1
    parts.poller.meter(DRN).online = False
    parts.second(60000, NOW + 65)
    assert parts.store.get(1).result == jobs.EXPIRED
    assert parts.poller.meter(DRN).job is None


def test_an_echo_is_answered_at_once_and_only_the_latest():
    parts = build()
    command(parts, {"ref": 9, "token": TOKEN})
    parts.store.get(9).unsent = True
    for nonce in (5, 6, 7):
        parts.commands.echo(b'{"nonce": %d}' % nonce, False)
    assert said(parts)[0] == ECHO
    for payload in (None, b"", b"{}", b'{"nonce": -1}'):
        parts.commands.echo(payload, False)
    parts.commands.echo(b'{"nonce": 8}', True)
    assert said(parts) == []


def trouble(presence):
    return presence.trouble("c1", "tjugo-c1")


def connection(presence, found, ms=1000):
    """Simulate a connection that the broker ends; the client finds this message, then receives its
    own."""
    if found is not None:
        presence.take(found, True)
    presence.online()
    presence.take(presence.instance, False)
    presence.tick(ms)
    presence.ended(True)


def test_a_second_collector_is_recognised():
    presence = Presence(1, 60000)
    connection(presence, 5)  # of an earlier run, or of the other one
    connection(presence, 6)
    assert trouble(presence) == ""
    connection(presence, 6)
    assert "another collector is connected with the id c1" in trouble(presence)
    connection(presence, 1, 700000)
    assert trouble(presence) == ""


def period(presence, *instances):
    """Let a keep-alive time pass in which messages of these runs arrive while it is connected."""
    for instance in instances:
        presence.take(instance, False)
    presence.take(presence.instance, False)
    assert presence.tick(60000)


def test_a_second_collector_beside_this_one_is_recognised_by_its_second_message():
    presence = Presence(1, 60000)
    presence.online()
    period(presence, 2)
    assert trouble(presence) == ""
    presence.take(2, False)
    assert "another collector" in trouble(presence)
    period(presence)  # the one that has just arrived
    period(presence)
    assert trouble(presence) == ""


def test_one_forged_message_or_many_at_once_are_no_second_collector():
    presence = Presence(1, 60000)
    connection(presence, 1)
    presence.online()
    for instance in range(2, 100):
        presence.take(instance, False)
    presence.ended(True)
    assert trouble(presence) == ""
    connection(presence, 7, 40000)  # the forged one was retained
    connection(presence, 1, 40000)
    assert trouble(presence) == ""


def test_forged_messages_keep_a_collector_away_for_one_wait_only():
    presence = Presence(1, 60000)
    presence.online()
    for _ in range(5):
        period(presence, 2)
    presence.ended(False)
    assert "another collector" in trouble(presence)
    presence.online()
    assert trouble(presence) == ""


def test_a_malformed_message_is_of_no_other_collector():
    for retained in (False, True):
        presence = Presence(1, 60000)
        connection(presence, 1)
        for _ in range(3):
            presence.online()
            for _ in range(5):
                presence.take(None, retained)
            assert trouble(presence) == ""
            presence.take(1, False)
            presence.tick(40000)
            presence.ended(True)
            assert trouble(presence) == ""


def test_a_broker_that_was_set_back_is_no_second_collector():
    presence = Presence(1, 60000)
    for found in (5, 1, 5, 1, 5, 1, None):
        connection(presence, found, 40000)
        assert trouble(presence) == ""


def test_connections_that_end_soon_are_reported():
    presence = Presence(1, 60000)
    for _ in range(3):
        connection(presence, None)
        assert trouble(presence) == ""
    connection(presence, None)
    assert "tjugo-c1" in trouble(presence)
    connection(presence, None, 31000)
    assert trouble(presence) == ""


def test_its_own_message_must_come_back():
    presence = Presence(1, 60000)
    presence.online()
    for answered in (True, False):
        if answered:
            presence.take(1, False)
        passed = 0
        try:
            while not presence.tick(1000):
                passed += 1000
        except OSError as error:
            assert not answered and "no longer delivers" in str(error)
            break
        assert answered and 58000 <= passed <= 60000
    else:
        raise AssertionError("no error")
    presence.ended(False)
    assert not presence.tick(1000000)
