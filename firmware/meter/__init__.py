"""The prepaid meter. Everything but app.py and main.py is pure logic: no clock, no board."""

VERSION = "0.1.0"
