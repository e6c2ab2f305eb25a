"""Arbitrary input from the broker, a name server or the settings ends at most the connection."""

import json
import struct
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

REPO = Path(__file__).resolve().parents[2]
sys.path.append(str(REPO / "tests" / "host" / "portable"))

from check_collector_jobs import Files  # noqa: E402

from collector import core, options  # noqa: E402
from net import mqtt  # noqa: E402
from runtime import dns  # noqa: E402

DRN, SECOND = "12345678903", "11111111111"
TOKEN = "01234567890123456789"
NOW = 1780000000
u32 = st.integers(1, 0xFFFFFFFF)


def packet(head: int, body: bytes) -> bytes:
    size = len(body)
    length = bytes((size,)) if size < 128 else bytes((size & 0x7F | 0x80, size >> 7))
    return bytes((head,)) + length + body


def publish(topic: str, payload: bytes, pid: int, retained: bool) -> bytes:
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + (struct.pack(">H", pid) if pid else b"")
    return packet(0x30 | (2 if pid else 0) | retained, body + payload)


TOPICS = st.text(st.characters(exclude_characters="\0+#", exclude_categories=["Cs"]), min_size=1)
MESSAGES = st.tuples(TOPICS, st.binary(max_size=300), st.integers(0, 0xFFFF), st.booleans())


def online(max_packet: int = 400) -> mqtt.Client:
    link = mqtt.Client("c1", max_packet=max_packet)
    link.connect()
    link.receive(b"\x20\x02\x00\x00")
    return link


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(ends)]


@given(st.lists(MESSAGES, max_size=5), st.lists(st.integers(0, 5000), max_size=20))
def test_messages_arrive_however_they_are_cut(messages: list[Any], cuts: list[int]) -> None:
    link, found = online(), []
    for chunk in chunks(b"".join(publish(*message) for message in messages), cuts):
        found += link.receive(chunk)
    expected = []
    for topic, payload, pid, retained in messages:
        head = 2 + len(topic.encode()) + (2 if pid else 0)
        kept = payload if head + len(payload) <= 400 else None
        if head <= 400:
            expected.append((mqtt.MESSAGE, topic, kept, pid, retained))
    assert found == expected


@given(st.lists(st.one_of(st.binary(max_size=400), MESSAGES), max_size=8), st.booleans())
def test_bytes_of_a_broker_end_at_most_the_connection(parts: list[Any], up: bool) -> None:
    link = online() if up else mqtt.Client("c1")
    if not up:
        link.connect()
    try:
        for part in parts:
            link.receive(part if isinstance(part, bytes) else publish(*part))
            link.tick(1000)
    except mqtt.MqttError as error:
        assert str(error)


SETTINGS = {"id": "c1", "broker": {"host": "h"}, "meters": [{"address": 1, "drn": DRN}]}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
commands = st.fixed_dictionaries(
    {},
    optional={
        "ref": st.one_of(st.integers(-1, 4), json_values),
        "token": st.one_of(st.just(TOKEN), json_values),
        "expires": st.one_of(u32, json_values),
        "forget": st.one_of(st.booleans(), json_values),
        "again": st.one_of(st.booleans(), json_values),
    },
)


@given(
    st.lists(
        st.tuples(
            st.one_of(commands.map(lambda found: json.dumps(found).encode()), st.binary()),
            st.sampled_from([DRN, SECOND, "5"]),
            st.sampled_from([None, NOW]),
        )
    )
)
def test_every_command_is_answered_or_obeyed(given_: list[Any]) -> None:
    parts = core.Core(options.Options(SETTINGS), Files())
    for payload, drn, now in given_:
        parts.commands.take(f"tjugo/v1/1/c1/{drn}/cmd", payload, False, now)
        parts.commands.echo(payload, False)
        parts.second(60000, now)
        message = parts.outbox.next()
        while message:
            assert json.loads(message[1])
            parts.outbox.sent()
            message = parts.outbox.next()


@given(
    st.dictionaries(
        st.sampled_from(["id", "broker", "meters", "dns", "poll_ms", "job_days", "tenant"]),
        json_values
        | st.lists(st.fixed_dictionaries({"address": json_values, "drn": json_values})),
    )
)
def test_settings_are_used_or_refused(changes: dict[str, Any]) -> None:
    try:
        options.Options({**SETTINGS, **changes})
    except options.OptionError as error:
        assert str(error)


@given(st.binary(max_size=600), st.integers(0, 0xFFFF), st.booleans())
def test_replies_of_name_servers_give_addresses_or_an_error(
    data: bytes, ref: int, headed: bool
) -> None:
    question = dns.query("broker.example", dns.A, ref)
    if headed:
        data = (
            question[:2]
            + b"\x81\x80"
            + question[4:6]
            + b"\x00\x03"
            + bytes(4)
            + (question[12:] + data[:400])
        )
    try:
        addresses, _ = dns.parse(data, "broker.example", dns.A, ref)
    except (dns.DnsError, dns.NoSuchName) as error:
        assert str(error)
        return
    assert all(dns.is_address(address) for address in addresses)
