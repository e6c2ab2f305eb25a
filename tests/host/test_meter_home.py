"""A meter as a device of Home Assistant: the real meter, mosquitto, and paho as Home Assistant."""

import json
import threading
from collections.abc import Callable

import paho.mqtt.client as paho
import pytest
from meter_process import DRN, KEY, MeterBoard, settings, token
from mosquitto_kit import PASSWORD, mosquitto
from ports import free_port

DEADLINE_S = 40
BASE = f"tjugo_meter/{DRN}"
COMPONENTS = {"sensor", "binary_sensor", "text"}
# Required by Home Assistant's documentation of each MQTT platform.
REQUIRED = {
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "text": {"command_topic"},
}
UNITS = {"energy": "kWh", "energy_storage": "kWh", "power": "W", "voltage": "V", "current": "A"}


class Assistant:
    """A client that subscribes to everything. `seen`: [(topic, payload, retained)]."""

    def __init__(self, port: int, user: str | None = None) -> None:
        self.seen: list[tuple[str, str, bool]] = []
        self._news = threading.Condition()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            self.client.username_pw_set(user, PASSWORD)
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def __enter__(self) -> "Assistant":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with self._news:
            self.seen.append(
                (message.topic, message.payload.decode(errors="replace"), bool(message.retain))
            )
            self._news.notify_all()

    def last(self, topic: str) -> str | None:
        """Return the last payload of a topic."""
        return next((text for name, text, _ in reversed(self.seen) if name == topic), None)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition of what was seen is true."""
        with self._news:
            found = self._news.wait_for(condition, DEADLINE_S)
            assert found, f"{what} did not happen in time: {self.seen[-4:]}"

    def state(self) -> dict:
        """Return the last state."""
        return json.loads(self.last(BASE + "/state") or "{}")

    def send(self, text: str, retain: bool = False) -> None:
        """Send a token command."""
        self.client.publish(BASE + "/token", text, 1, retain).wait_for_publish(DEADLINE_S)


def home(port: int, **more: object) -> dict:
    return settings(home_assistant={"host": "127.0.0.1", "port": port, **more})


@pytest.fixture
def broker(tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    with mosquitto(folder) as port:
        yield port


def online(assistant: Assistant) -> None:
    assistant.wait(lambda: assistant.last(BASE + "/availability") == "online", "the meter")
    assistant.wait(lambda: assistant.state(), "its state")


def test_discovery_is_complete_and_retained(micropython, tmp_path, broker):
    with MeterBoard(micropython, tmp_path, home(broker, name="House")) as board:
        with Assistant(broker) as first:
            online(first)
        with Assistant(broker) as late:  # a Home Assistant that starts later
            late.wait(lambda: late.state(), "the retained state")
            found = {t: json.loads(p) for t, p, _ in late.seen if t.endswith("/config")}
            retained = all(kept for topic, _, kept in late.seen if topic in found)
            assert late.last(BASE + "/availability") == "online" and retained
        board.end()
    ids = set()
    for topic, config in found.items():
        prefix, component, node, key, end = topic.split("/")
        assert (prefix, node, end) == ("homeassistant", f"tjugo_{DRN}", "config")
        assert component in COMPONENTS and REQUIRED[component] <= set(config)
        assert config["availability_topic"] == BASE + "/availability"
        assert config["device"]["identifiers"] and config["device"]["name"] == "House"
        assert config["origin"]["name"] and config["name"]
        ids.add(config["unique_id"])
        if "device_class" in config and component == "sensor":
            assert config["unit_of_measurement"] == UNITS[config["device_class"]]
        if component != "text":
            assert config["value_template"] == "{{ value_json." + key + " }}"
    assert len(ids) == len(found) == 11
    assert KEY.hex() not in str(late.seen)


def test_values_and_a_token(micropython, tmp_path, broker):
    given = home(broker)
    with MeterBoard(micropython, tmp_path, given, speed=60) as board, Assistant(broker) as hass:
        online(hass)
        assert hass.state()["credit"] == 0 and hass.state()["supply"] == "OFF"
        assert hass.state()["result"] is None and hass.state()["voltage"] == 230
        digits = token(200, 0)
        hass.send(" ".join(digits[at : at + 4] for at in range(0, 20, 4)))
        hass.wait(lambda: hass.state()["credit"] == 20, "the credit")
        hass.wait(lambda: hass.state()["result"] == "Accepted +20.0 kWh", "the result")
        hass.wait(lambda: hass.state()["supply"] == "ON", "the supply")
        board.say({"load_w": 5000, "cover": True})
        hass.wait(lambda: hass.state()["energy"] > 0.05, "the energy")
        hass.wait(lambda: hass.state()["power"] == 5000, "the power")
        hass.wait(lambda: hass.state()["cover"] == hass.state()["tamper"] == "ON", "the cover")
        hass.send(digits)
        hass.wait(lambda: (hass.state()["result"] or "").startswith("Used"), "the refusal")


def test_the_lock_is_not_that_of_the_key_pad(micropython, tmp_path, broker):
    with MeterBoard(micropython, tmp_path, home(broker)) as board, Assistant(broker) as hass:
        online(hass)
        board.say({"keys": token(10, 1, bytes(8)) + "#"})
        board.wait_display("Wrong token", "CRCError")
        for number in (2, 3, 4, 5):
            hass.send(token(10, number, bytes(8)))
            hass.wait(
                lambda: (hass.state()["result"] or "").startswith("Wrong token"), "a refusal"
            )
            hass.send("no token")
            hass.wait(lambda: hass.state()["result"] == "Not a token 20 digits", "another")
        hass.send(token(10, 4))
        hass.wait(lambda: (hass.state()["result"] or "").startswith("Locked Wait"), "the lock")
        assert board.state()["credit"] == 0
        board.say({"keys": token(10, 4) + "#"})
        board.wait(lambda _: board.state()["credit"] == 100, "a token at the key pad")


def test_a_retained_token_and_malformed_ones_do_nothing(micropython, tmp_path, broker):
    with Assistant(broker) as hass:
        hass.send(token(10, 0), retain=True)
        with MeterBoard(micropython, tmp_path, home(broker)) as board:
            online(hass)
            before = board.state()["sequence"]
            for text in ("", "x" * 5000, "\0" * 20, "1" * 21):
                hass.send(text)
            hass.client.publish(BASE + "/token", b"\xff\xfe" * 10, 1)
            hass.send("5")
            hass.wait(lambda: hass.state()["result"] is not None, "an answer")
            assert board.state()["credit"] == 0 and board.state()["sequence"] == before


def test_the_broker_tells_when_the_meter_is_gone(micropython, tmp_path, broker):
    with Assistant(broker) as hass, MeterBoard(micropython, tmp_path, home(broker)) as board:
        online(hass)
        board.kill()
        hass.wait(lambda: hass.last(BASE + "/availability") == "offline", "the will")
        board.start()
        hass.wait(lambda: hass.last(BASE + "/availability") == "online", "the return")


def test_the_meter_works_without_a_broker_and_connects_when_there_is_one(micropython, tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    port = free_port()
    with MeterBoard(micropython, tmp_path, home(port)) as board:
        board.say({"keys": token(10, 0) + "#"})
        board.wait_display("Accepted", "+1.0 kWh")
        for _ in range(2):
            with mosquitto(folder, f"listener {port} 127.0.0.1") as _, Assistant(port) as hass:
                online(hass)
                assert hass.state()["credit"] == 1


def test_user_and_password(micropython, tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    with mosquitto(folder, users=("meter", "hass")) as port:
        given = home(port, user="meter", password=PASSWORD)
        with MeterBoard(micropython, tmp_path, given), Assistant(port, "hass") as hass:
            online(hass)
