"""A fake `network`.

`joined`: whether the access point is available. `name_server`: the address that it assigns.
"""

STA_IF = 0
joined = [False]
name_server = ["0.0.0.0"]
attempts = []


class WLAN:
    def __init__(self, interface):
        assert interface == STA_IF
        self._active = False

    def active(self, on):
        self._active = on

    def isconnected(self):
        assert self._active
        return joined[0]

    def disconnect(self):
        pass

    def connect(self, ssid, password):
        attempts.append((ssid, password))

    def ifconfig(self):
        return ("10.0.0.7", "255.255.255.0", "10.0.0.1", name_server[0])
