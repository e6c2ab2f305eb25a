"""The collector's connection to its broker: name servers, several addresses, a second client."""

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from collector_rig import DRNS, Amqtt, Bus, Collector, Mosquitto, Station, wait_until

HOST = "broker.example"
TOKEN = "01234567890123456789"


class NameServer(threading.Thread):
    """A name server on UDP. `silent`: it does not answer. `addresses`: IPv4, of every name."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.text = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.silent = True
        self.addresses = ["127.0.0.1"]
        self.asked = 0
        self.start()

    def run(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(512)
            if question == b"stop":
                return
            self.asked += 1
            if not self.silent:
                self._socket.sendto(self._reply(question), sender)

    def _reply(self, question: bytes) -> bytes:
        rows = b""
        found = self.addresses if question[-3] == 1 else []
        for address in found:
            rows += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0)
        return head + question[12:] + rows

    def close(self) -> None:
        self._socket.sendto(b"stop", self._socket.getsockname())
        self.join()
        self._socket.close()


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def bus() -> Iterator[Bus]:
    bus = Bus()
    yield bus
    bus.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Amqtt]:
    broker = Amqtt(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def make(micropython: list[str], tmp_path: Path, bus: Bus) -> Iterator[Any]:
    """Return make(folder, broker settings, **settings), which makes a collector that is not
    started."""
    made = []

    def build(folder: str, broker: dict[str, Any], **settings: Any) -> Collector:
        collector = Collector(micropython, tmp_path / folder, bus.path, broker)
        collector.settings.update(settings)
        made.append(collector)
        return collector

    yield build
    for collector in made:
        if collector.process:
            assert collector.stop() == 0


def polls_meanwhile(bus: Bus) -> None:
    before = bus.requests
    wait_until(lambda: bus.requests > before + 10, "polls")


@pytest.mark.long
def test_silent_name_servers_stop_nothing(make: Any, bus: Bus, broker: Amqtt, names: NameServer):
    """Look-ups for longer than the watchdog waits, and it is fed."""
    collector = make("flash", {"host": HOST, "port": broker.port}, dns=[names.text])
    collector.start()
    trouble = f"no name server answers for {HOST}"
    for asked in (1, 6, 12):
        wait_until(lambda wanted=asked: names.asked >= wanted, "look-ups")
        polls_meanwhile(bus)
    report = collector.wait_report(lambda report: report["broker"] == trouble, "the trouble")
    assert report["crashes"] == 0
    assert report["meters"] == {DRNS[0]: True, DRNS[1]: True}

    names.silent = False
    station = Station(broker.port)
    wait_until(station.online, "the collector online")
    station.echo(1)
    station.close()  # the embedded broker does not always end beside a client that is busy
    names.silent = True
    broker.stop()
    collector.wait_report(lambda report: "refused" in report["broker"], "the broker to be missed")
    asked = names.asked
    broker.start()
    wait_until(lambda: names.asked > asked, "a look-up without an answer")
    collector.reports.clear()
    collector.wait_report(lambda report: report["online"], "the address of before used")
    assert collector.reports[-1]["crashes"] == 0


def test_every_address_of_a_name_is_tried(make: Any, broker: Amqtt, names: NameServer):
    names.silent = False
    names.addresses = ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first one
    collector = make("flash", {"host": HOST, "port": broker.port}, dns=[names.text])
    collector.start()
    collector.wait_report(lambda report: report["online"], "the collector online")


def test_localhost_needs_no_name_server(make: Any, broker: Amqtt):
    collector = make("flash", {"host": "localhost", "port": broker.port}, dns=["127.0.0.1:9"])
    collector.start()
    collector.wait_report(lambda report: report["online"], "the collector online")
    assert collector.stop() == 0
    collector.settings["broker"]["port"] = 1
    collector.reports.clear()
    collector.start()
    why = collector.wait_report(lambda report: report["broker"], "a failed connection")["broker"]
    assert "127.0.0.1: " in why and "::1: " in why


@pytest.mark.long
def test_two_collectors_with_one_id(make: Any, tmp_path: Path, request: Any):
    """Each finds the other's message in the place of its own, reports it and stays away."""
    broker = (Mosquitto if Mosquitto.found() else Amqtt)(tmp_path)
    broker.start()
    request.addfinalizer(broker.stop)
    first = make("first", {"port": broker.port})
    first.start()
    first.wait_report(lambda report: report["online"], "the first one online")
    second = make("second", {"port": broker.port}, meters=[])
    second.start()

    def named(report: dict[str, Any]) -> bool:
        return "another collector is connected with the id c1" in report["broker"]

    wait_until(lambda: any(named(r) for r in first.reports + second.reports), "the conflict")


def _connect(port: int, client_id: str) -> paho.Client:
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id)
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_until(client.is_connected, "a client")
    return client


def _end(client: paho.Client) -> None:
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("retained", [False, True])
@pytest.mark.parametrize("about", [b"null", b"{", b'{"instance": 7}'])
def test_one_message_of_anyone_does_not_keep_the_collector_away(
    make: Any, tmp_path: Path, request: Any, about: bytes, retained: bool
):
    """A client with its id takes its connection for a moment, after a malformed or a forged
    `about`."""
    if not Mosquitto.found():
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path)
    broker.start()
    request.addfinalizer(broker.stop)
    collector = make("flash", {"port": broker.port})
    collector.start()
    collector.wait_report(lambda report: report["online"], "the collector online")
    anyone = _connect(broker.port, "anyone")
    for topic, payload in (("about", about), ("x" * 2000 + "/cmd", b"{}")):
        for _ in range(1 if topic == "about" else 50):
            sent = anyone.publish(f"tjugo/v1/1/c1/{topic}", payload, qos=1, retain=retained)
            sent.wait_for_publish(10)
    _end(anyone)
    station = Station(broker.port)
    station.echo(1)
    collector.reports.clear()
    _end(_connect(broker.port, "tjugo-1-c1"))
    collector.wait_report(lambda report: not report["online"], "the connection lost")
    collector.reports.clear()
    collector.wait_report(lambda report: report["online"], "the collector back")
    station.echo(2)
    station.close()
    assert "another collector" not in str(collector.reports)


@pytest.mark.long
def test_a_second_client_takes_the_place_for_a_while(make: Any, broker: Amqtt, bus: Bus):
    """The embedded broker leaves the first connection open, without its subscriptions."""
    collector = make("flash", {"port": broker.port, "keepalive_s": 5})
    collector.start()
    station = Station(broker.port)
    wait_until(station.online, "the collector online")
    station.echo(1)
    intruder = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="tjugo-1-c1")
    intruder.connect("127.0.0.1", broker.port)
    intruder.loop_start()
    wait_until(intruder.is_connected, "the intruder")
    intruder.disconnect()
    intruder.loop_stop()
    station.echo(2)
    assert station.ask({"ref": 1, "token": TOKEN}, "done")["result"] == 1
    station.close()
