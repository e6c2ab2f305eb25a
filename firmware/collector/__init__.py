"""The collector: polls meters, takes token jobs from MQTT, delivers and reports them."""

VERSION = "0.1.0"
