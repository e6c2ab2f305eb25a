"""What collector and meter need to talk over a network: MQTT without I/O, TCP that never waits."""
