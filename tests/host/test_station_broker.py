"""The station's broker: its address, its errors, and real brokers."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import aiomqtt
import pytest
from mosquitto_kit import PASSWORD, certificates, mosquitto
from proof_kit import fields_of, proof_of
from station_kit import COLLECTOR, drn, new_station, see
from test_station_link import Collector, running, until

from tjugo.errors import TjugoError
from tjugo.station.link import state, views
from tjugo.station.link.broker import Broker, parse
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import sell


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


ADDRESSES = [
    ("localhost:1884", Broker("localhost", 1884), "mqtt://localhost:1884"),
    ("[::1]:1884", Broker("::1", 1884), "mqtt://[::1]:1884"),
    ("mqtt://broker", Broker("broker", 1883), "mqtt://broker:1883"),
    ("mqtts://broker/", Broker("broker", 8883, tls=True), "mqtts://broker:8883"),
    (
        "mqtts://st%40tion@10.0.0.1:99",
        Broker("10.0.0.1", 99, "st@tion", tls=True),
        "mqtts://st@tion@10.0.0.1:99",
    ),
]


@pytest.mark.parametrize(("text", "broker", "name"), ADDRESSES)
def test_an_address(text, broker, name):
    assert parse(text) == broker
    assert broker.name == name


WRONG = [
    ("nowhere", "HOST:PORT"),
    ("host:port", "HOST:PORT"),
    ("host:0", "HOST:PORT"),
    ("host:65536", "HOST:PORT"),
    ("http://host:1883", "HOST:PORT"),
    ("mqtt://host:1883/topic", "HOST:PORT"),
    ("mqtt://", "HOST:PORT"),
    (":1883", "HOST:PORT"),
    ("mqtt://[::1", "HOST:PORT"),
    ("mqtt://me:hush@host", "--broker-password-file"),
    ("mqtt://me:hush@host:x", "HOST:PORT"),
]


@pytest.mark.parametrize(("text", "part"), WRONG)
def test_a_wrong_address(text, part):
    with pytest.raises(TjugoError) as caught:
        parse(text)
    assert part in caught.value.message and caught.value.status == 2
    assert "hush" not in caught.value.message


def test_what_belongs_together(tmp_path):
    for text, more, part in (
        ("mqtt://host", {"password": "p"}, "needs a user"),
        ("mqtt://host", {"ca": tmp_path}, "TLS"),
        ("mqtts://host", {"ca": tmp_path / "none"}, "No such file"),
        ("mqtts://host", {"ca": Path(__file__)}, "not a file of CA certificates"),
    ):
        with pytest.raises(TjugoError) as caught:
            parse(text, **more)
        assert part in caught.value.message


def test_the_password_is_in_no_text():
    broker = parse("mqtt://me@host", "hush")
    assert broker.password == "hush"
    assert "hush" not in repr(broker) + str(broker) + broker.name


# Real brokers


def problem(station, broker):
    """Return the problem that a link to this broker reports, as seen by another process too."""

    async def run():
        link = MqttLink(station, broker)
        async with running(link.run()):
            await until(lambda: link.problem)
            await until(lambda: views.status(station).state == views.FAILED)
            found = views.status(station)
            assert not found.ok and found.sentence == link.problem
            assert found.broker == broker.name
            return link.problem

    found = asyncio.run(run())
    assert "hush" not in found and "\n" not in found
    assert "hush" not in json.dumps(state.load(station.state_dir))
    return found


def test_a_user_and_a_password(station, tmp_path):
    with mosquitto(tmp_path, users=("station",)) as port:
        at = f"127.0.0.1:{port}"
        wrong = problem(station, Broker("127.0.0.1", port, "station", "hush"))
        assert wrong.startswith(f"The MQTT broker mqtt://station@{at} refused")
        assert problem(station, Broker("127.0.0.1", port)) == (
            f"The MQTT broker mqtt://{at} needs a user and a password."
        )
        asyncio.run(_connects(station, Broker("127.0.0.1", port, "station", PASSWORD)))


async def _connects(station, broker):
    link = MqttLink(station, broker)
    async with running(link.run()):
        await until(lambda: link.connected or link.problem)
        await until(lambda: views.status(station).ok)
        found = views.status(station)
        assert link.problem is None
        assert (found.state, found.broker) == (views.CONNECTED, broker.name)
    assert views.status(station).state == views.STOPPED


def test_no_broker_there(station, tmp_path):
    with mosquitto(tmp_path) as port:
        broker = Broker("127.0.0.1", port)
    found = problem(station, broker)
    assert (
        found == f"No connection to the MQTT broker mqtt://127.0.0.1:{port}: Connection refused."
    )


def test_a_name_that_does_not_exist(station):
    found = problem(station, Broker("no-such-host.invalid", 1883))
    assert found.startswith("No connection to the MQTT broker mqtt://no-such-host.invalid:1883: ")


@pytest.mark.long
def test_tls(station, tmp_path):
    ca = certificates(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    key = f"keyfile {tmp_path / 'broker.key'}"
    with mosquitto(tmp_path, f"certfile {tmp_path / 'broker.pem'}", key) as port:
        asyncio.run(_connects(station, Broker("127.0.0.1", port, tls=True, ca=ca)))
        wrong = problem(station, Broker("127.0.0.1", port, tls=True, ca=certificates(other)))
        assert wrong.startswith(f"The certificate of the MQTT broker mqtts://127.0.0.1:{port} is")
        of_machine = problem(station, Broker("127.0.0.1", port, tls=True))
        assert "certificate" in of_machine
        name = problem(station, Broker("localhost", port, tls=True, ca=ca))
        assert "localhost" in name and "refused" in name
        plain = problem(station, Broker("127.0.0.1", port))
        assert plain.startswith(f"No connection to the MQTT broker mqtt://127.0.0.1:{port}: ")
        assert plain.endswith("it closed the connection.")
    with mosquitto(tmp_path) as port:
        no_tls = problem(station, Broker("127.0.0.1", port, tls=True, ca=ca))
        # What the broker does with bytes that are no MQTT is its own choice.
        assert no_tls.startswith("No ") and f"mqtts://127.0.0.1:{port}: " in no_tls


RIGHTS = """
user station
topic read tjugo/v1/1/+/status
topic read tjugo/v1/1/+/about
topic read tjugo/v1/1/+/echo/reply
topic read tjugo/v1/1/+/+/ack
topic read tjugo/v1/1/+/+/state
topic write tjugo/v1/1/+/echo
topic write tjugo/v1/1/+/+/cmd

pattern read tjugo/v1/1/%u/+/cmd
pattern read tjugo/v1/1/%u/echo
pattern write tjugo/v1/1/%u/status
pattern write tjugo/v1/1/%u/about
pattern write tjugo/v1/1/%u/echo/reply
pattern write tjugo/v1/1/%u/+/ack
pattern write tjugo/v1/1/%u/+/state
"""


def test_a_delivery_with_the_rights_of_the_documents(station, tmp_path):
    """The ACL of docs/station.md is enough for a delivery, and not for a forger."""
    document = Path(__file__).parents[2] / "docs" / "station.md"
    assert RIGHTS.strip() in document.read_text()
    (tmp_path / "acl").write_text(RIGHTS)
    users = ("station", "c1", "c2")
    with mosquitto(tmp_path, f"acl_file {tmp_path / 'acl'}", users=users) as port:
        asyncio.run(_deliver(station, port))


async def _deliver(station, port):
    sale = sell(station, "test", "a", drn(1), Decimal(20))
    login = {"hostname": "127.0.0.1", "port": port, "password": PASSWORD}
    link = MqttLink(station, Broker("127.0.0.1", port, "station", PASSWORD), poll_s=0.05)
    async with (
        aiomqtt.Client(username="c1", **login) as client,
        aiomqtt.Client(username="c2", **login) as forger,
    ):
        collector = Collector(client)
        async with running(collector.listen(), link.run()):
            _, command = await collector.next()
            assert command["ref"] == sale.delivery.ref
            proof = fields_of(proof_of(station, sale.delivery.ref, 1))
            done = json.dumps({"ref": sale.delivery.ref, "state": "done", "result": 1, **proof})
            await forger.publish(f"tjugo/v1/1/{COLLECTOR}/{drn(1)}/ack", done, qos=1)
            await collector.say(drn(2), "state", json.dumps({"online": True, "credit_wh": 5}))
            await until(lambda: link.exchange.inbox.reports or _read(station))
            find = ("test", "a")
            assert see(station, sale_views.find_sale, *find).delivery.state == "sent"
            await collector.say(drn(1), "ack", done)
            await until(
                lambda: see(station, sale_views.find_sale, *find).delivery.state == "accepted"
            )


def _read(station):
    from tjugo.station.registry import views as registry_views

    return see(station, registry_views.find_meter, drn(2)).reading
