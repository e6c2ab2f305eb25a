"""Messages from collectors: which are understood, and that no message breaks the parser."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meterbus import status_bits
from tjugo.station.delivery.jobs import Ack, Job, Proof
from tjugo.station.link import wire
from tjugo.station.readings.intake import CollectorAbout, CollectorStatus
from uplink import codec, kinds, messages, topics

C1 = "tjugo/v1/1/c1"
DONE = Ack("c1", "5", 7, "done", 1)


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        (f"{C1}/status", b"online", CollectorStatus("c1", True)),
        (f"{C1}/status", b"offline", CollectorStatus("c1", False)),
        (f"{C1}/status", b"maybe", None),
        (f"{C1}/status", b"\xff", None),
        (
            f"{C1}/about",
            b'{"version": "0.1.0", "crash": "MemoryError"}',
            CollectorAbout("c1", "0.1.0", "MemoryError"),
        ),
        (f"{C1}/about", b'{"crash": 7}', CollectorAbout("c1", None, None)),
        (f"{C1}/about", b"[]", None),
        (f"{C1}/echo/reply", b'{"nonce": 4294967295}', wire.EchoReply("c1", 4294967295)),
        (f"{C1}/echo/reply", b'{"nonce": null}', None),
        (f"{C1}/echo", b'{"nonce": 1}', None),
        (f"{C1}/5/ack", b'{"ref": 7, "state": "stored"}', Ack("c1", "5", 7, "stored")),
        (f"{C1}/5/ack", b'{"ref": 7, "state": "unknown"}', Ack("c1", "5", 7, "unknown")),
        (
            f"{C1}/5/ack",
            b'{"ref": 7, "state": "done", "result": 1}',
            Ack("c1", "5", 7, "done", 1),
        ),
        (
            f"{C1}/5/ack",
            b'{"ref": 7, "state": "done", "result": 1, "credit_wh": -5, "sequence": 4294967295, '
            b'"mac": "0123456789abcdef"}',
            Ack("c1", "5", 7, "done", 1, proof=Proof(-5, 4294967295, "0123456789abcdef")),
        ),
        *(
            (f"{C1}/5/ack", b'{"ref": 7, "state": "done", "result": 1, %s}' % more, DONE)
            for more in (
                b'"credit_wh": 1, "sequence": 2',
                b'"credit_wh": 1, "sequence": 2, "mac": "0123456789ABCDEF"',
                b'"credit_wh": 1, "sequence": -2, "mac": "0123456789abcdef"',
                b'"credit_wh": 2147483648, "sequence": 2, "mac": "0123456789abcdef"',
                b'"sequence": 2, "mac": "0123456789abcdef"',
            )
        ),
        (
            f"{C1}/5/ack",
            b'{"ref": 7, "state": "refused", "why": "\\ud800"}',
            Ack("c1", "5", 7, "refused", why="?"),
        ),
        (f"{C1}/5/ack", b'{"ref": 7, "state": "done"}', None),
        (f"{C1}/5/ack", b'{"id": 7, "state": "stored"}', None),
        (f"{C1}/5/ack", b'{"ref": true, "state": "stored"}', None),
        (f"{C1}/5/ack", b'{"ref": null, "state": "refused"}', None),
        (f"{C1}/5/ack", b'{"ref": 0, "state": "stored"}', None),
        (f"{C1}/5/ack", b'{"ref": 4294967296, "state": "stored"}', None),
        (f"{C1}/5/ack", b'{"ref": 7, "state": "eaten"}', None),
        (f"{C1}/5/ack", b'{"ref": 7, "state": ["stored"]}', None),
        (f"{C1}/5/ack", b"[" * 100_000, None),
        (
            f"{C1}/{'5' * 13}/ack",
            b'{"ref": 7, "state": "unknown"}',
            Ack("c1", "5" * 13, 7, "unknown"),
        ),
        (f"{C1}/{'5' * 14}/ack", b'{"ref": 7, "state": "unknown"}', None),
        (f"{C1}/{'5' * 60_000}/state", b'{"online": true}', None),
        (f"{C1}/5/ack", b"[7]", None),
        (f"{C1}/5/ack", b"\xff", None),
        (f"{C1}/5/cmd", b"{}", None),
        ("tjugo/v1/2/c1/5/ack", b'{"ref": 7, "state": "stored"}', None),
        ("tjugo/v2/1/c1/5/ack", b'{"ref": 7, "state": "stored"}', None),
        ("sts/c1/5/ack", b'{"ref": 7, "state": "stored"}', None),
    ],
)
def test_messages(topic, payload, expected):
    assert wire.parse(topic, payload, 1) == expected


def test_commands():
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    job = Job(7, "c1", "5", "1" * 20, noon)
    command = {"ref": 7, "token": "1" * 20, "expires": 1767355200}
    for message, topic, payload in (
        (wire.command(job), f"{C1}/5/cmd", command),
        (
            wire.command(Job(7, "c1", "5", "1" * 20, noon, again=True)),
            f"{C1}/5/cmd",
            {**command, "again": True},
        ),
        (wire.forget("c1", "5", 7), f"{C1}/5/cmd", {"ref": 7, "forget": True}),
        (wire.echo("c1", 7), f"{C1}/echo", {"nonce": 7}),
    ):
        assert (message.topic(1), json.loads(message.payload)) == (topic, payload)
    assert codec.command(wire.command(job).payload)["expires"] == noon.timestamp()
    assert wire.command(job).topic(3) == "tjugo/v1/3/c1/5/cmd"


def test_what_the_collector_encodes_is_what_the_station_keeps():
    """A field of the reading at a time, from the meter's register to the station's column."""
    for row in messages.STATE:
        source, argument = row[messages.SOURCE], row[messages.ARGUMENT]
        if not source:
            continue
        value = "KES" if row[messages.KIND] == "text3" else argument
        payload = codec.reading({source: value}, True, 1767312000)
        found = wire.parse(f"{C1}/5/state", payload.encode(), 1)
        expected = True if row[messages.KIND] == "bool" else value * argument
        assert found.values[row[messages.NAME]] == expected, row
        assert (found.at, found.online) == (datetime(2026, 1, 2, tzinfo=UTC), True)


def test_a_reading_takes_what_it_understands():
    payload = {"at": 1767312000, "online": True, "credit_wh": -5, "power_w": "x", "cover_open": 1}
    found = wire.parse(f"{C1}/5/state", json.dumps(payload).encode(), 1)
    assert (found.at, found.online) == (datetime(2026, 1, 2, tzinfo=UTC), True)
    assert found.values["credit_wh"] == -5
    assert found.values["power_w"] is found.values["cover_open"] is None
    assert found.values["fault"] is found.values["crash"] is None
    payload = {"online": False, "fault": "no answer", "crash": "x" * 300}
    found = wire.parse(f"{C1}/5/state", json.dumps(payload).encode(), 1)
    assert (found.values["fault"], found.values["crash"]) == ("no answer", "x" * 200)


def test_a_collector_of_earlier_firmware_reports_false_for_what_a_meter_cannot_tell():
    bits = {row[1]: False for row in status_bits.STATUS}
    payload = {**bits, "online": True, "safe_mode": True, "crashed": True}
    found = wire.parse(f"{C1}/5/state", json.dumps(payload).encode(), 1).values
    assert found["tamper"] is found["cover_open"] is found["relay_fault"] is None
    assert found["ledger_fault"] is found["low_credit"] is found["tamper_kinds"] is None
    assert (found["relay_closed"], found["safe_mode"], found["crashed"]) == (False, True, True)
    payload = {**bits, "online": True, "ledger_fault": True, "malignant_load": True}
    found = wire.parse(f"{C1}/5/state", json.dumps(payload).encode(), 1).values
    assert found["tamper"] is found["low_credit"] is None
    assert (found["cover_open"], found["malignant_load"]) == (False, True)
    found = wire.parse(f"{C1}/5/state", json.dumps({**bits, "online": True}).encode(), 1).values
    assert {found[name] for name in bits} == {False}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
names = sorted({row[messages.NAME] for rows in messages.MESSAGES.values() for row in rows})
plausible = st.sampled_from([*kinds.KINDS["ack_state"][1], "online", "1" * 20, True, 1, 2**32])
objects = st.dictionaries(st.sampled_from(names), anything | plausible)
payloads = st.binary() | objects.map(lambda found: json.dumps(found).encode())
pieces = st.sampled_from(["tjugo", "v1", "1", "2", "c1", "5", "echo", "reply", "ack", "state", ""])
made = st.builds(
    topics.build,
    st.sampled_from([row[topics.NAME] for row in topics.ROWS]),
    st.integers(0, 3),
    st.text(),
    st.sampled_from(["", "5", "x", "+"]),
)
any_topic = made | st.lists(pieces).map("/".join) | st.text()


@given(any_topic, payloads)
@example(f"{C1}/5/state", b'{"at": 8589934592, "online": 1e999}')
def test_nothing_that_comes_in_breaks_the_station(topic, payload):
    found = wire.parse(topic, payload, 1)
    assert found is None or topics.parse(topic)[2] == found.collector_id


@given(any_topic, payloads | st.none())
@example(f"{C1}/5/cmd", b"[" * 400)
@example(f"{C1}/5/cmd", b"9" * 5000)
def test_nothing_that_comes_in_breaks_the_collector(topic, payload):
    mine = topics.Topics(1, "c1")
    assert mine.command_drn(topic) in (None, *topic.split("/"))
    for read in (codec.command, codec.nonce):
        try:
            read(payload)
        except codec.MessageError as error:
            assert str(error)
            assert error.ref is None or 1 <= error.ref <= 0xFFFFFFFF


@given(st.sampled_from(sorted(messages.MESSAGES)), objects)
def test_what_is_encoded_is_decoded_the_same(name, values):
    decoded = codec.decode(name, values)
    assert codec.decode(name, codec.fields(codec.encode(name, values))) == decoded


registers = st.sampled_from(
    [row[messages.SOURCE] for row in messages.STATE if row[messages.SOURCE]]
)


@given(st.dictionaries(registers, st.none() | st.integers(-(2**31), 2**32 - 1)), st.text())
def test_any_registers_make_a_reading(values, crash):
    payload = codec.reading(values, True, None, "", crash)
    found = wire.parse(f"{C1}/5/state", payload.encode(), 1)
    assert found.online
    assert found.values["crash"] == kinds.clean("text200", crash or None)
    if values.get("energy_wh") is None:
        assert found.values["energy_wh"] is None
