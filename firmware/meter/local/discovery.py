"""The meter as a device of Home Assistant: topics and messages of its MQTT discovery. No I/O.

One retained message per entity under the discovery prefix, one retained state for all of them, and
an availability that the broker changes when the meter is gone (the will).
"""

import json

from meterbus import codes

from .. import VERSION

ONLINE, OFFLINE = "online", "offline"

_KWH = ("unit_of_measurement", "kWh")
_NOW = ("state_class", "measurement")

# (component, name in the state, English name, more of the configuration)
ENTITIES = (
    (
        "sensor",
        "energy",
        "Total",
        (("device_class", "energy"), ("state_class", "total_increasing"), _KWH),
    ),
    ("sensor", "credit", "Credit", (("device_class", "energy_storage"), _NOW, _KWH)),
    ("sensor", "power", "Power", (("device_class", "power"), _NOW, ("unit_of_measurement", "W"))),
    (
        "sensor",
        "voltage",
        "Voltage",
        (("device_class", "voltage"), _NOW, ("unit_of_measurement", "V")),
    ),
    (
        "sensor",
        "current",
        "Current",
        (("device_class", "current"), _NOW, ("unit_of_measurement", "A")),
    ),
    ("sensor", "result", "Last result", ()),
    ("binary_sensor", "supply", "Supply", (("device_class", "power"),)),
    ("binary_sensor", "low_credit", "Low credit", (("device_class", "problem"),)),
    ("binary_sensor", "tamper", "Tamper", (("device_class", "tamper"),)),
    ("binary_sensor", "cover", "Cover", (("device_class", "opening"),)),
    ("text", "token", "Token", (("min", 20), ("max", 24), ("pattern", "([ -]*[0-9]){20}"))),
)


class Discovery:
    """Topics and messages of one meter. options: see options.py."""

    def __init__(self, meter, options):
        self._meter = meter
        self._prefix = options["prefix"]
        self._name = options["name"] or "Tjugo " + meter.settings.drn
        self._id = "tjugo_" + meter.settings.drn
        base = "tjugo_meter/" + meter.settings.drn
        self.state_topic = base + "/state"
        self.availability = base + "/availability"
        self.token_topic = base + "/token"

    def entity(self, number):
        """Return (topic, payload) of an entity's configuration."""
        component, key, name, more = ENTITIES[number]
        config = {
            "name": self._meter.words.text(name),
            "unique_id": self._id + "_" + key,
            "availability_topic": self.availability,
            "device": {
                "identifiers": [self._id],
                "name": self._name,
                "manufacturer": "Tjugo",
                "model": "prepaid meter",
                "serial_number": self._meter.settings.drn,
                "sw_version": VERSION,
            },
            "origin": {"name": "Tjugo", "sw_version": VERSION},
        }
        if component == "text":
            config["command_topic"] = self.token_topic
        else:
            config["state_topic"] = self.state_topic
            config["value_template"] = "{{ value_json." + key + " }}"
        if key == "credit" and self._meter.account.currency:
            more = self._meter.account.entity()
        for option, value in more:
            config[option] = value
        topic = "%s/%s/%s/%s/config" % (self._prefix, component, self._id, key)
        return topic, json.dumps(config)

    def state(self, result):
        """Return the state as JSON; null for what is not known. result: of the last token."""
        meter = self._meter
        account, reading = meter.account, meter.metering.reading
        kept = meter.ledger.loaded
        status = meter.status()
        power = meter.metering.power_w()
        return (
            '{"energy":%s,"credit":%s,"power":%s,"voltage":%s,"current":%s,"result":%s,'
            '"supply":%s,"low_credit":%s,"tamper":%s,"cover":%s}'
        ) % (
            _thousandths(account.energy_wh if kept else None),
            account.exact().partition(" ")[0] if kept else "null",
            "null" if power is None else power,
            _thousandths(reading.mv),
            _thousandths(reading.ma),
            json.dumps(result) if result else "null",
            _flag(status & codes.STATUS_RELAY_CLOSED),
            _flag(status & codes.STATUS_LOW_CREDIT),
            _flag(status & codes.STATUS_TAMPER),
            _flag(status & codes.STATUS_COVER_OPEN),
        )


def _flag(bits):
    return '"ON"' if bits else '"OFF"'


def _thousandths(value):
    """Return an integer of thousandths as a decimal number: no float is precise enough."""
    if value is None:
        return "null"
    sign = "-" if value < 0 else ""
    return "%s%d.%03d" % (sign, abs(value) // 1000, abs(value) % 1000)
