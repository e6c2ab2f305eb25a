"""What a broker sends, well-formed or not, neither ends nor blocks the station's link."""

import asyncio
import random
from decimal import Decimal

import pytest
from rough_broker import (
    CONNACK,
    CONNECT,
    LATER,
    SUBSCRIBE,
    Case,
    packet,
    publish,
    rough_broker,
)
from station_kit import drn, new_station
from test_station_link import running, until

from tjugo.station.link import mqtt
from tjugo.station.link.broker import Broker
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.vending.vend import sell


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(mqtt, "RECONNECT_S", 0.01)


# Of a broker, the event loop watches: its own pipe, the listening socket, both ends of one
# connection.
WATCHED = 4


def watched():
    return len(asyncio.get_running_loop()._selector.get_map())


async def delivers(station, broker, link, name="a"):
    """Wait until a sale of now has reached the broker, and no other connection is left."""
    sale = sell(station, "test", name, drn(1), Decimal(20))
    await until(lambda: sale.delivery.ref in [c.get("ref") for _, c in broker.published])
    await until(lambda: link.connected and broker.open == 1 and watched() == WATCHED)


def served(station, *cases, acknowledged=0):
    """Run a link at a broker with these cases; return broker and link after a delivery, and so
    many acknowledgements."""

    async def run():
        async with rough_broker(*cases) as broker:
            link = MqttLink(station, Broker("127.0.0.1", broker.port), poll_s=0.02)
            async with running(link.run()):
                await until(lambda: broker.connections > len(cases) or link.connected)
                await delivers(station, broker, link)
                await until(lambda: len(broker.acknowledged) >= acknowledged)
            return broker, link

    return asyncio.run(run())


TOPICS = {
    "not UTF-8": b"tjugo/v1/1/c\xff/status",
    "a surrogate": b"tjugo/v1/1/\xed\xa0\x80/status",
    "wildcard +": b"tjugo/v1/1/+/status",
    "wildcard #": b"tjugo/v1/1/#",
    "NUL": b"tjugo/v1/1/c\x001/status",
    "of another program": b"other",
}


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_that_cannot_be_is_dropped_counted_and_logged_once(station, caplog, name):
    data = b"".join(publish(TOPICS[name], mid=1 + i) for i in range(50))
    broker, link = served(station, Case(LATER, data), acknowledged=50)
    assert broker.connections == 1
    assert link.exchange.totals.not_understood == 50
    assert broker.acknowledged == list(range(1, 51))  # the broker does not send it again
    lines = [r.getMessage() for r in caplog.records]
    assert len(lines) == 1 and "cannot understand a message on" in lines[0]


PAYLOADS = {
    "nothing": b"",
    "null": b"null",
    "half": b"{",
    "not UTF-8": b'{"version": "\xff"}',
    "NUL": b'{"version": "\\u0000", "crash": "\\ud800"}',
    "deep": b"[" * 60_000,
    "a long number": b'{"instance": 1' + b"0" * 60_000 + b"}",
    "infinite": b'{"instance": 1e999, "crash": NaN}',
    "too long": b"{}" + b" " * 5_000_000,
}


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("topic", ["about", "status", "echo/reply"])
def test_any_payload_is_taken_or_dropped(station, caplog, name, topic):
    data = publish(f"tjugo/v1/1/c1/{topic}".encode(), PAYLOADS[name])
    broker, link = served(station, Case(LATER, data), acknowledged=1)
    assert broker.connections == 1 and broker.acknowledged == [1]
    if name == "too long":
        assert link.exchange.totals.not_understood == 1
    assert len(caplog.records) <= 1


ENDING = {
    "unknown type 0": Case(LATER, b"\x00\x00"),
    "unknown type 15": Case(LATER, b"\xf0\x00"),
    "a client's packet": Case(LATER, packet(0x10, b"")),
    "publish without a topic": Case(LATER, publish(b"")),
    "publish cut short": Case(LATER, packet(0x32, b"\x00\x05ab")),
    "publish with a packet id cut": Case(LATER, packet(0x32, b"\x00\x01a\x00")),
    "publish of no bytes": Case(LATER, packet(0x30, b"")),
    "publish with QoS 2": Case(LATER, publish(b"tjugo/v1/1/c1/status", qos=2)),
    "publish with QoS 3": Case(LATER, publish(b"tjugo/v1/1/c1/status", qos=3)),
    "length of five bytes": Case(LATER, b"\x30\xff\xff\xff\xff\x01"),
    "256 MB announced": Case(LATER, b"\x30\xff\xff\xff\x7f" + bytes(100), closes=True),
    "puback cut short": Case(LATER, packet(0x40, b"\x00")),
    "suback of nothing": Case(LATER, packet(0x90, b"")),
    "a refusal after all": Case(LATER, packet(0x20, b"\x00\x03")),
    "ping of some bytes": Case(LATER, packet(0xD0, b"\x00")),
    "closed": Case(LATER, b"", closes=True),
    "closed in a packet": Case(LATER, b"\x32\x10\x00", closes=True),
    "closed at once": Case(CONNECT, b"", closes=True),
    "closed after CONNACK": Case(CONNECT, CONNACK, closes=True),
    "half a CONNACK": Case(CONNECT, b"\x20\x02", closes=True),
    "CONNACK of no bytes": Case(CONNECT, b"\x20\x00"),
    "CONNACK of three bytes": Case(CONNECT, b"\x20\x03\x00\x00\x00"),
    "CONNACK code 1": Case(CONNECT, b"\x20\x02\x00\x01"),
    "CONNACK code 2": Case(CONNECT, b"\x20\x02\x00\x02"),
    "CONNACK code 255": Case(CONNECT, b"\x20\x02\x00\xff"),
    "not MQTT": Case(CONNECT, b"HTTP/1.1 400 Bad Request\r\n\r\n", closes=True),
    "closed in place of SUBACK": Case(SUBSCRIBE, b"", closes=True),
    "SUBACK that refuses": Case(SUBSCRIBE, packet(0x90, b"\x00\x01\x80")),
    "SUBACK of no code": Case(SUBSCRIBE, packet(0x90, b"\x00\x01")),
    "SUBACK of an unknown code": Case(SUBSCRIBE, packet(0x90, b"\x00\x01\x55")),
}


@pytest.mark.parametrize("name", ENDING)
def test_after_a_connection_that_cannot_go_on_comes_another(station, caplog, name):
    broker, _ = served(station, ENDING[name])
    assert broker.connections == 2
    assert len(caplog.records) <= 2, [r.getMessage() for r in caplog.records]
    assert "The MQTT broker mqtt://" in caplog.text or "to the MQTT broker mqtt://" in caplog.text


def test_a_broker_that_does_not_answer_is_left(station, monkeypatch):
    from tjugo.station.link import client

    monkeypatch.setattr(client, "TIMEOUT_S", 0.2)
    for case in (Case(CONNECT), Case(SUBSCRIBE)):
        broker, _ = served(station, case)
        assert broker.connections == 2


IGNORED = {
    "puback of nothing": packet(0x40, b"\x00\x63"),
    "suback of nothing": packet(0x90, b"\x00\x63\x01"),
    "unsuback": packet(0xB0, b"\x00\x01"),
    "pubrec, pubcomp": packet(0x50, b"\x00\x63") + packet(0x70, b"\x00\x63"),
    "a second CONNACK": CONNACK,
    "ping": packet(0xC0, b""),
}


@pytest.mark.parametrize("name", IGNORED)
def test_answers_to_nothing_change_nothing(station, caplog, name):
    broker, _ = served(station, Case(LATER, IGNORED[name] * 100))
    assert broker.connections == 1
    assert len(caplog.records) <= 1


def test_a_flood_is_dropped_and_logged_once(station, caplog, monkeypatch):
    from tjugo.station.link import client

    monkeypatch.setattr(client, "QUEUE", 10)
    monkeypatch.setattr(MqttLink, "_receive", lambda *_: asyncio.Event().wait())
    data = b"".join(publish(b"tjugo/v1/1/c1/status", mid=1 + i) for i in range(500))
    _, link = served(station, Case(LATER, data), acknowledged=500)
    assert link.exchange.totals.dropped == 490
    (line,) = [r.getMessage() for r in caplog.records]
    assert "more messages arrive than can be recorded" in line


def test_garbage_at_every_moment(station, caplog):
    """One link at three hundred connections of random bytes; then it delivers."""
    chance = random.Random(20261127)
    heads = b"\x20\x30\x32\x33\x34\x40\x50\x62\x70\x90\xb0\xd0\xe0"

    def garbage():
        parts = b""
        for _ in range(chance.randrange(1, 4)):
            body = chance.randbytes(chance.choice((0, 2, 3, 20)))
            part = packet(chance.choice(heads), body)
            parts += part[: chance.randrange(len(part) + 1)] if chance.random() < 0.2 else part
        return Case(chance.choice((CONNECT, SUBSCRIBE, LATER)), parts, closes=True)

    broker, link = served(station, *(garbage() for _ in range(300)))
    assert broker.connections == 301 and link.problem is None
    assert len(caplog.records) <= mqtt.LOG_BURST + 10
