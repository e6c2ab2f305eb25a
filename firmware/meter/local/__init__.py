"""What a meter offers on the local network by itself, without a collector: off unless it is set.

`page`: a page for a browser. `home_assistant`: values and token entry over MQTT. Both read the
meter and enter tokens as the key pad does, with the lock-out of the bus; no path leads to the
settings, to a key or to a file.
"""
