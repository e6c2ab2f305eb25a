"""A fake `network`. `joined`: whether the access point is available."""

STA_IF = 0
joined = [False]
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
