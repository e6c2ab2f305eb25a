"""The meter as a device of Home Assistant: its messages."""

import json

from meter_rig import meter, reading, settings, token

from meter.local.discovery import ENTITIES, Discovery
from meter.local.options import of_home
from sts_portable import results

HOME = {"home_assistant": {"host": "10.0.0.1"}}


def test_discovery_of_every_entity():
    device = meter(features="core", language="sv")
    found = Discovery(device, of_home(HOME))
    seen = []
    for number, (component, key, _, _) in enumerate(ENTITIES):
        topic, payload = found.entity(number)
        config = json.loads(payload)
        assert topic == "homeassistant/%s/tjugo_00000000000/%s/config" % (component, key)
        for name in ("name", "unique_id", "availability_topic", "device", "origin"):
            assert config[name], name
        seen.append(config["unique_id"])
        assert config["device"]["identifiers"] == ["tjugo_00000000000"]
        if component == "text":
            assert config["command_topic"] == "tjugo_meter/00000000000/token"
            assert (config["min"], config["max"]) == (20, 24)
        else:
            assert config["state_topic"] == found.state_topic
            assert config["value_template"] == "{{ value_json." + key + " }}"
        if component == "sensor" and "device_class" in config:
            assert config["unit_of_measurement"] in ("kWh", "W", "V", "A")
            assert config["state_class"] in ("measurement", "total_increasing")
        assert settings()["key"] not in payload
    assert len(seen) == len(ENTITIES)
    assert json.loads(found.entity(1)[1])["name"] == "Kredit"


def test_the_state_is_exact_and_unknown_values_are_null():
    device = meter(features="core")
    found = Discovery(device, of_home(HOME))
    state = found.state("")
    values = json.loads(state)
    assert set(values) == {row[1] for row in ENTITIES} - {"token"}
    assert values["power"] is None and values["voltage"] is None and values["result"] is None
    assert device.enter_token(token(10, 0)) == results.ACCEPT
    device.pulses(1001)
    device.sensed(reading(mv=229870, ma=43, w_x10=98), 1, True)
    state = found.state('a "b"')
    assert '"energy":1.001,"credit":-0.001,"power":10,"voltage":229.870,"current":0.043' in state
    values = json.loads(state)
    assert values["result"] == 'a "b"' and values["cover"] == "ON"
