"""Commands, settings and the order of messages: no broker and no bus needed."""

import json

from check_collector_jobs import DRN, OTHER, TOKEN, Files

from collector import answers, core, options, outbox
from collector.jobs import store as jobs
from collector.jobs.table import STORED
from meterbus import registers
from uplink import codec, topics

SETTINGS = {
    "id": "c1",
    "broker": {"host": "127.0.0.1", "port": 1883, "user": None, "password": None},
    "meters": [{"address": 1, "drn": DRN}, {"address": 2, "drn": "11111111111"}],
}


def build(files=None, **changes):
    return core.Core(options.Options(dict(SETTINGS, **changes)), files or Files())


def said(parts):
    """Return all messages that wait to be published, each acknowledged by the broker."""
    found = []
    message = parts.outbox.next()
    while message:
        topic, payload, retained = message
        found.append((topic, payload if retained else json.loads(payload), retained))
        parts.outbox.sent()
        message = parts.outbox.next()
    return found


def command(parts, payload, drn=DRN, retained=False):
    """Take a command and return the answers to it, without their topic."""
    if not isinstance(payload, (bytes, type(None))):
        payload = json.dumps(payload).encode()
    parts.commands.take(f"tjugo/v1/1/c1/{drn}/cmd", payload, retained)
    return [answer for topic, answer, _ in said(parts) if topic == f"tjugo/v1/1/c1/{drn}/ack"]


def test_bad_commands_are_refused_with_a_sentence():
    bad = (
        (b"", None, "JSON"),
        (b"\xff\xfe", None, "JSON"),
        (b"[" * 400, None, "JSON"),
        (b"[]", None, "object"),
        (b"7", None, "object"),
        (b"null", None, "object"),
        (None, None, "512 bytes"),
        ({}, None, "ref"),
        ({"ref": 0, "token": TOKEN}, None, "ref"),
        ({"ref": -1, "token": TOKEN}, None, "ref"),
        ({"ref": 1 << 32, "token": TOKEN}, None, "ref"),
        ({"ref": 10**30, "token": TOKEN}, None, "ref"),
        ({"ref": True, "token": TOKEN}, None, "ref"),
        ({"ref": 1.0, "token": TOKEN}, None, "ref"),
        ({"ref": "1", "token": TOKEN}, None, "ref"),
        ({"ref": None}, None, "ref"),
        ({"ref": 4}, 4, "20 digits"),
        ({"ref": 4, "token": 12345}, 4, "20 digits"),
        ({"ref": 4, "token": TOKEN[1:]}, 4, "20 digits"),
        ({"ref": 4, "token": TOKEN + "0"}, 4, "20 digits"),
        ({"ref": 4, "token": "1234567890123456789a"}, 4, "20 digits"),
        ({"ref": 4, "token": "1234567890123456789٣"}, 4, "20 digits"),
        ({"ref": 4, "forget": 1}, 4, "20 digits"),
        ({"ref": 4, "token": TOKEN, "expires": "soon"}, 4, "expires"),
        ({"ref": 4, "token": TOKEN, "expires": -1}, 4, "expires"),
    )
    parts = build()
    for payload, ref, words in bad:
        (answer,) = command(parts, payload)
        assert answer["state"] == "refused"
        assert answer["ref"] == ref
        assert words in answer["why"], answer
    assert len(parts.store) == 0
    assert parts.report()["refusals"] == len(bad)


def test_garbage_commands_never_raise():
    parts = build()
    state = 7
    text = b'{"ref": 4294967295, "token": "01234567890123456789", "forget": [true, null, 1e5]}'
    for _ in range(3000):
        data = bytearray(text)
        for _ in range(1 + state % 5):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data[(state >> 8) % len(data)] = (state >> 16) & 0xFF
        answers = command(parts, bytes(data[: (state >> 12) % (len(data) + 1)]))
        assert [answer["state"] for answer in answers] in (["refused"], ["stored"], [])


def test_a_meter_that_is_not_ours():
    (answer,) = command(build(), {"ref": 9, "token": TOKEN}, drn="22222222222")
    assert answer == {
        "ref": 9,
        "state": "refused",
        "why": "this collector has no meter 22222222222",
    }


def test_a_job_from_stored_to_forgotten():
    parts = build()
    order = {"ref": 9, "token": TOKEN}
    stored = {"ref": 9, "state": "stored"}
    assert command(parts, order) == [stored]
    assert command(parts, order) == [stored]
    assert command(parts, {"ref": 9, "forget": True}) == []
    assert len(parts.store) == 1
    parts.store.finish(parts.store.get(9), 1, 1700000000)
    done = {"ref": 9, "state": "done", "result": 1, "at": 1700000000}
    assert [answer for _, answer, _ in said(parts)] == [done]
    assert command(parts, order) == [done]
    assert command(parts, {"ref": 9, "forget": True}) == []
    assert command(parts, {"ref": 9, "forget": True}) == [{"ref": 9, "state": "unknown"}]
    assert len(parts.store) == 0
    assert command(parts, order) == [done]  # one that was under way meanwhile
    assert len(parts.store) == 0


PROOF = registers.encode("result_credit", -50) + registers.encode("result_sequence", 4000000000)
PROOF += registers.encode("result_mac", b"\x01\x23\x45\x67\x89\xab\xcd\xef")


def test_a_proof_is_passed_on_also_after_a_restart():
    files = Files()
    parts = build(files)
    command(parts, {"ref": 9, "token": TOKEN})
    parts.store.finish(parts.store.get(9), 1, 1700000000, PROOF)
    done = {"ref": 9, "state": "done", "result": 1, "at": 1700000000}
    done.update({"credit_wh": -50, "sequence": 4000000000, "mac": "0123456789abcdef"})
    assert [answer for _, answer, _ in said(parts)] == [done]
    parts = build(files)
    assert command(parts, {"ref": 9, "token": TOKEN}) == [done]
    command(parts, {"ref": 9, "forget": True})
    assert command(parts, {"ref": 9, "token": TOKEN}) == [done]  # forgotten, but remembered
    assert len(parts.store) == 0


def test_a_result_that_is_not_believed_is_not_repeated():
    files = Files()
    parts = build(files)
    order, again = {"ref": 9, "token": TOKEN}, {"ref": 9, "token": TOKEN, "again": True}
    stored = {"ref": 9, "state": "stored"}
    assert command(parts, again) == [stored]
    assert command(parts, again) == [stored]  # nothing to be asked again
    for end in range(3):
        parts.store.finish(parts.store.get(9), 1, 1700000000, PROOF)
        said(parts)
        if end == 1:
            parts = build(files)
            said(parts)
        if end == 2:
            command(parts, {"ref": 9, "forget": True})
        assert command(parts, again) == [stored]
        job = parts.store.get(9)
        assert job.unsure and job.state == STORED
        assert parts.poller.meter(DRN).job.ref == 9
        assert [job.ref for job in build(files).store.rows(STORED)] == [9]
    assert command(parts, order) == [stored]


def test_a_damaged_job_cannot_be_asked_again():
    parts = build()
    command(parts, {"ref": 9, "token": TOKEN})
    files = Files()
    files.content = {"00000009-%s.job" % DRN: b"damaged"}
    parts = build(files)
    said(parts)
    (answer,) = command(parts, {"ref": 9, "token": TOKEN, "again": True})
    assert answer["state"] == "refused"


def test_refused_when_it_cannot_be_stored():
    files = Files()
    parts = build(files, max_jobs=1)
    files.full = True
    refused = {"ref": 9, "state": "refused", "why": "storage full"}
    assert command(parts, {"ref": 9, "token": TOKEN}) == [refused]
    files.full = False
    assert command(parts, {"ref": 9, "token": TOKEN})[0]["state"] == "stored"
    assert "already holds 1" in command(parts, {"ref": 10, "token": TOKEN})[0]["why"]
    assert "another token" in command(parts, {"ref": 9, "token": OTHER})[0]["why"]


def test_a_retained_command_is_passed_over():
    parts = build()
    assert command(parts, {"ref": 9, "token": TOKEN}, retained=True) == []
    assert len(parts.store) == 0


def test_jobs_that_ended_without_a_token_result():
    store = jobs.Store(Files())
    job = store.add(7, DRN, TOKEN)
    store.finish(job, jobs.DAMAGED, None)
    damaged = json.loads(answers.acknowledgement(job))
    job = store.add(8, DRN, TOKEN)
    store.finish(job, jobs.BUS_REFUSED | 2, None)
    refused = json.loads(answers.acknowledgement(job))
    assert damaged["state"] == refused["state"] == "refused"
    assert "damaged" in damaged["why"]
    assert "illegal data address" in refused["why"]


def test_a_job_that_ended_without_a_token_result_can_be_ordered_again():
    for result in (jobs.DAMAGED, jobs.BUS_REFUSED | 2):
        parts = build()
        order = {"ref": 9, "token": TOKEN}
        command(parts, order)
        parts.store.finish(parts.store.get(9), result, None)
        assert command(parts, order)[0]["state"] == "refused"
        command(parts, {"ref": 9, "forget": True})
        assert command(parts, order) == [{"ref": 9, "state": "stored"}]
        assert parts.store.get(9).unsure  # the meter may have had it


def test_what_is_said_at_a_new_connection():
    parts = build()
    parts.store.finish(parts.store.add(1, DRN, TOKEN), 10, None)
    parts.poller.meters[0].online = False
    parts.outbox.connected()
    topic_list = [topic for topic, _, _ in said(parts)]
    assert topic_list == [
        "tjugo/v1/1/c1/status",
        f"tjugo/v1/1/c1/{DRN}/ack",
        f"tjugo/v1/1/c1/{DRN}/state",
    ]
    assert said(parts) == []
    parts.outbox.about = codec.encode("about", {"version": "0.1.0", "crash": "MemoryError"})
    parts.outbox.connected()
    again = said(parts)
    assert len(again) == 4
    assert again[1] == ("tjugo/v1/1/c1/about", parts.outbox.about, True)


def test_a_result_is_repeated_until_it_is_forgotten():
    parts = build()
    parts.store.finish(parts.store.add(1, DRN, TOKEN), 10, None)
    assert len(said(parts)) == 1
    parts.second(outbox.REPEAT_MS - 1)
    assert said(parts) == []
    parts.second(1)
    assert len(said(parts)) == 1
    command(parts, {"ref": 1, "forget": True})
    parts.second(outbox.REPEAT_MS)
    assert said(parts) == []


def test_what_was_in_flight_when_the_connection_broke_is_said_again():
    parts = build()
    parts.store.add(1, DRN, TOKEN).unsent = True
    parts.poller.meters[1].online = True
    parts.poller.meters[1].unsent = True
    first = parts.outbox.next()
    parts.outbox.lost()
    assert parts.outbox.next() == first
    parts.outbox.sent()
    second = parts.outbox.next()
    assert second[0] == "tjugo/v1/1/c1/11111111111/state"
    parts.outbox.lost()
    assert parts.outbox.next() == second
    parts.outbox.sent()
    assert parts.outbox.next() is None


def test_a_change_while_its_message_is_in_flight_is_said_too():
    parts = build()
    job = parts.store.add(1, DRN, TOKEN)
    job.unsent = True
    assert "stored" in parts.outbox.next()[1]
    parts.store.finish(job, 1, None)
    parts.outbox.sent()
    assert "done" in parts.outbox.next()[1]


def test_readings_take_turns():
    parts = build()
    for meter in parts.poller.meters:
        meter.online = True
    order = []
    for _ in range(4):
        for meter in parts.poller.meters:
            meter.unsent = True
        order.append(parts.outbox.next()[0])
        parts.outbox.sent()
    assert order == [parts.names.state(drn) for drn in (DRN, "11111111111")] * 2


def test_answers_are_bounded_and_the_oldest_goes():
    parts = build()
    for ref in range(1, 41):
        parts.commands.take(
            "tjugo/v1/1/c1/5/cmd", b'{"ref": %d, "token": "%s"}' % (ref, b"0" * 20), 0
        )
    assert [answer["ref"] for _, answer, _ in said(parts)] == list(range(25, 41))


def test_settings_that_cannot_be_used():
    meter = {"address": 1, "drn": DRN}
    bad = (
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": "+"}, "id"),
        ({"tenant": 0}, "tenant"),
        ({"tenant": "1"}, "tenant"),
        ({"broker": None}, "host"),
        ({"broker": {"host": ""}}, "host"),
        ({"broker": {"host": "h", "port": 0}}, "port"),
        ({"broker": {"host": "h", "port": "1883"}}, "port"),
        ({"broker": {"host": "h", "user": 5}}, "user"),
        ({"poll_ms": True}, "poll_ms"),
        ({"reply_timeout_ms": 1}, "reply_timeout_ms"),
        ({"meters": None}, "list"),
        ({"meters": [5]}, "meter"),
        ({"meters": [{"address": 0, "drn": DRN}]}, "address"),
        ({"meters": [{"address": 248, "drn": DRN}]}, "address"),
        ({"meters": [{"address": 1}]}, "DRN"),
        ({"meters": [{"address": 1, "drn": "123"}]}, "DRN"),
        ({"meters": [meter, meter]}, "twice"),
    )
    for changes, words in bad:
        try:
            build(**changes)
        except options.OptionError as error:
            assert words in str(error), (changes, str(error))
        else:
            raise AssertionError(changes)
    try:
        options.Options({})
    except options.OptionError:
        return
    raise AssertionError("empty settings taken")


def test_its_id_is_what_the_uplink_defines():
    for name in ("c", "north-1", "North_01", "9" * 32):
        assert topics.is_collector(name) and build(id=name).names.about.endswith("/about"), name
    for name in ("", "north.1", "c" * 33, "a/b", "+", "#", "c1 ", "c\n", "\u00e5", "\0"):
        assert not topics.is_collector(name), name
        try:
            build(id=name)
        except options.OptionError as error:
            assert topics.ID_WORDS in str(error)
            continue
        raise AssertionError(name)


def test_no_meters_at_all():
    parts = build(meters=[])
    assert parts.poller.next(1000) is None
    assert parts.poller.due_ms > 0
    assert parts.report()["meters"] == {}
