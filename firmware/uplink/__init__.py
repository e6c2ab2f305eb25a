"""The MQTT messages between collector and station, as tables. No I/O.

topics.py: the topics. messages.py: the fields of each message. kinds.py: the values of a field.
codec.py: conversion of messages to and from JSON, by the tables. `python -m tjugo.wire_docs`
generates docs/uplink.schema.json and the tables of docs/wire.md from them.
"""
