"""The words between collector and station over MQTT, as tables. No I/O.

topics.py: where a message goes. messages.py: the fields of each message. kinds.py: what a field
may hold. codec.py: messages to JSON and back, by the tables. `python -m tjugo.wire_docs` makes
docs/uplink.schema.json and the tables of docs/wire.md from them.
"""
