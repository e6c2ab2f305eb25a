"""The station's deliveries over a real MQTT broker."""

import asyncio
import contextlib
import json
from decimal import Decimal

import aiomqtt
import pytest
from proof_kit import fields_of, proof_of
from station_kit import COLLECTOR, Clock, drn, new_station, see

from tjugo.bench.broker import EmbeddedBroker
from tjugo.station.link import echo, tasks, views
from tjugo.station.link.broker import Broker
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.readings import views as reading_views
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.vending import vend as selling
from tjugo.station.vending import views as sale_views


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


def sell(station, client_id="a", number=1):
    return selling.sell(station, "test", client_id, drn(number), Decimal(20))


def command_of(sale):
    expires = int(sale.issued_at.timestamp()) + 30 * 86400
    return {"ref": sale.delivery.ref, "token": sale.digits, "expires": expires}


class Collector:
    """The collector's side of docs/wire.md, with answers set by the test."""

    def __init__(self, client):
        self.client = client
        self.commands = asyncio.Queue()

    async def listen(self):
        await self.client.subscribe(f"tjugo/v1/1/{COLLECTOR}/+/cmd", qos=1)
        async for message in self.client.messages:
            topic = str(message.topic).split("/")
            await self.commands.put((topic[4], json.loads(message.payload)))

    async def next(self):
        return await asyncio.wait_for(self.commands.get(), 20)

    async def say(self, drn_, what, payload, retain=False):
        topic = f"tjugo/v1/1/{COLLECTOR}/{drn_}/{what}".replace("//", "/")
        await self.client.publish(topic, payload, qos=1, retain=retain)


@contextlib.asynccontextmanager
async def running(*coroutines):
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


def test_over_a_broker(station):
    asyncio.run(_over_a_broker(station))


async def _over_a_broker(station):
    first = sell(station, "first")
    async with EmbeddedBroker() as broker, aiomqtt.Client(broker.host, broker.port) as client:
        collector = Collector(client)
        link = MqttLink(station, Broker(broker.host, broker.port), poll_s=0.05)
        async with running(collector.listen(), link.run()):
            await until(lambda: link.connected)
            command = (drn(1), command_of(first))
            assert await collector.next() == command
            # A sale that another process made is found by itself.
            with Station.open(station.state_dir, clock=Clock()) as other:
                second = sell(other, "second", 2)
            assert await collector.next() == (drn(2), command_of(second))
            # Not answered, gone, and back: asked again at once.
            await collector.say("", "status", "online", retain=True)
            again = [await collector.next(), await collector.next()]
            assert command in again
            await collector.say(drn(1), "ack", b"\xffnonsense")
            proof = fields_of(proof_of(station, first.delivery.ref, 1))
            for state in ({"state": "stored"}, {"state": "done", "result": 1, **proof}):
                payload = json.dumps({"ref": first.delivery.ref, **state})
                await collector.say(drn(1), "ack", payload)
            assert await collector.next() == (drn(1), {"ref": first.delivery.ref, "forget": True})
            assert see(station, sale_views.find_sale, "test", "first").delivery.state == "accepted"
            await collector.say(drn(2), "state", json.dumps({"online": True, "credit_wh": 5}))
            await until(lambda: see(station, registry_views.find_meter, drn(2)).reading)
            assert see(station, reading_views.collectors)[0].online is True


def test_the_link_comes_back(station):
    asyncio.run(_the_link_comes_back(station))


async def _the_link_comes_back(station):
    async with EmbeddedBroker() as broker:
        port = broker.port
        link = MqttLink(station, Broker(broker.host, port), poll_s=0.05)
    sale = sell(station)
    async with running(link.run()):
        await until(lambda: link.problem)
        assert str(port) in link.problem and not link.connected
        async with EmbeddedBroker() as broker, aiomqtt.Client(broker.host, broker.port) as client:
            collector = Collector(client)
            async with running(collector.listen()):
                link.broker = Broker(broker.host, broker.port)
                _, command = await collector.next()
                assert command["ref"] == sale.delivery.ref
                assert link.problem is None


def test_a_broker_that_stops_is_waited_for(station):
    asyncio.run(_a_broker_that_stops(station))


async def _a_broker_that_stops(station):
    link = MqttLink(station, Broker("127.0.0.1", 1), poll_s=0.05)
    async with running(link.run()):
        for _ in range(3):
            async with EmbeddedBroker() as broker:
                link.broker = Broker(broker.host, broker.port)
                await until(lambda: link.connected)
                assert link.problem is None
            await until(lambda: link.problem)
            assert not link.connected


async def _echoing(broker, answers=True):
    """Run a client with the collector's id; it answers echoes, or is another program."""
    client = aiomqtt.Client(broker.host, broker.port, identifier=f"tjugo-{COLLECTOR}")
    with contextlib.suppress(aiomqtt.MqttError):
        async with client:
            if not answers:
                await asyncio.Event().wait()
            status = f"tjugo/v1/1/{COLLECTOR}/status"
            await client.publish(status, "online", qos=1, retain=True)
            await client.subscribe(f"tjugo/v1/1/{COLLECTOR}/echo", qos=1)
            async for message in client.messages:
                await client.publish(f"{message.topic}/reply", message.payload, qos=1)


@pytest.mark.long
def test_a_second_client_with_the_collectors_id(station):
    """The broker keeps `online`; the echo shows that nothing reaches the collector, and that it is
    back."""
    asyncio.run(_a_second_client(station))


async def _a_second_client(station):
    now_s = 1000.0

    def found():
        return views.status(station).collectors[0]

    async def until_reachable(expected):
        nonlocal now_s
        async with asyncio.timeout(60):
            while found().reachable is not expected:
                now_s += echo.INTERVAL_S / 10
                await asyncio.sleep(0.1)

    async with EmbeddedBroker() as broker:
        at = Broker(broker.host, broker.port)
        link = MqttLink(station, at, poll_s=0.02, monotonic=lambda: now_s)
        async with running(link.run(), _echoing(broker)):
            await until_reachable(True)
            async with running(_echoing(broker, answers=False)):
                await until_reachable(False)
                assert found().online is True
                assert "does not answer echoes" in found().sentence
            async with running(_echoing(broker)):
                await until_reachable(True)


def test_what_ignores_a_cancellation_is_cancelled_again():
    """As wait_for() does up to Python 3.11, when an answer comes at that moment."""
    cancelled = []

    async def stubborn():
        while len(cancelled) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(True)

    async def fails():
        raise aiomqtt.MqttError("lost")

    async def both():
        await asyncio.wait_for(tasks.together(stubborn(), fails()), 20)

    with pytest.raises(aiomqtt.MqttError, match="lost"):
        asyncio.run(both())
    assert len(cancelled) == 2


def test_an_error_while_the_link_is_ended_does_not_keep_it(station, monkeypatch):
    """A connection that breaks while its tasks are cancelled raises instead of the
    cancellation."""

    async def ended():
        begun = asyncio.Event()

        async def session(_link):
            first = not begun.is_set()
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not first:
                    raise
                raise aiomqtt.MqttError("Disconnected during message iteration") from None

        monkeypatch.setattr(MqttLink, "_session", session)
        task = asyncio.create_task(MqttLink(station, Broker("127.0.0.1", 1)).run())
        await begun.wait()
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=10)
        return done == {task} and task.cancelled()

    assert asyncio.run(ended())
