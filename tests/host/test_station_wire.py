"""Messages from collectors: what is understood, and that nothing breaks the reading of them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjugo.station.link import wire


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("sts/c1/status", b"online", wire.CollectorStatus("c1", True)),
        ("sts/c1/status", b"offline", wire.CollectorStatus("c1", False)),
        ("sts/c1/status", b"maybe", None),
        (
            "sts/c1/about",
            b'{"version": "0.1.0", "crash": "MemoryError"}',
            wire.CollectorAbout("c1", "0.1.0", "MemoryError"),
        ),
        ("sts/c1/about", b'{"crash": 7}', wire.CollectorAbout("c1", None, None)),
        ("sts/c1/about", b"[]", None),
        ("sts/c1/5/ack", b'{"id": 7, "state": "stored"}', wire.Ack("c1", "5", 7, "stored")),
        (
            "sts/c1/5/ack",
            b'{"id": 7, "state": "done", "result": 1}',
            wire.Ack("c1", "5", 7, "done", 1),
        ),
        (
            "sts/c1/5/ack",
            b'{"id": 7, "state": "refused", "why": "\\ud800"}',
            wire.Ack("c1", "5", 7, "refused", why="?"),
        ),
        ("sts/c1/5/ack", b'{"id": 7, "state": "done"}', None),
        ("sts/c1/5/ack", b'{"id": true, "state": "stored"}', None),
        ("sts/c1/5/ack", b'{"id": 0, "state": "stored"}', None),
        ("sts/c1/5/ack", b'{"id": 4294967296, "state": "stored"}', None),
        ("sts/c1/5/ack", b'{"id": 7, "state": "eaten"}', None),
        ("sts/c1/5/ack", b"[" * 100_000, None),
        ("sts/c1/5/ack", b"[7]", None),
        ("sts/c1/5/ack", b"\xff", None),
        ("sts/c1/5/cmd", b"{}", None),
        ("else/c1/5/ack", b'{"id": 7, "state": "stored"}', None),
    ],
)
def test_messages(topic, payload, expected):
    assert wire.parse(topic, payload) == expected


def test_a_reading_takes_what_it_understands():
    payload = {"at": 1767312000, "online": True, "credit_wh": -5, "power_w": "x", "cover_open": 1}
    found = wire.parse("sts/c1/5/state", json.dumps(payload).encode())
    assert (found.at, found.online) == (datetime(2026, 1, 2, tzinfo=UTC), True)
    assert found.values["credit_wh"] == -5
    assert found.values["power_w"] is found.values["cover_open"] is None
    assert found.values["fault"] is found.values["crash"] is None
    payload = {"online": False, "fault": "no answer", "crash": "x" * 300}
    found = wire.parse("sts/c1/5/state", json.dumps(payload).encode())
    assert (found.values["fault"], found.values["crash"]) == ("no answer", "x" * 200)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
fields = st.sampled_from(["id", "state", "result", "why", "at", "online", "credit_wh"])


@given(
    st.sampled_from(["sts/c/1/ack", "sts/c/1/state", "sts/c/status", "", "a/b/c/d/e"]),
    st.binary() | st.dictionaries(fields, anything).map(lambda d: json.dumps(d).encode()),
)
def test_nothing_that_comes_in_breaks_it(topic, payload):
    wire.parse(topic, payload)
