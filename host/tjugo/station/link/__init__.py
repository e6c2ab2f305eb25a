"""The station's MQTT connection."""
