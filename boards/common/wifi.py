"""Wi-Fi in station mode, and the time of day from the network."""

import network

from boards.common.sntp import Sntp

_PATIENCE_MS = 20000  # for one attempt to join
_ASK_TIME_MS = 21600000
_ASK_AGAIN_MS = 15000


class Wifi:
    """`board.net`. settings: {"wifi": {"ssid": .., "password": ..}, "ntp": host or absent}.

    set_time(unix): called with each time received.
    """

    def __init__(self, settings, set_time):
        wifi = settings.get("wifi")
        wifi = wifi if isinstance(wifi, dict) else {}
        self._ssid = wifi.get("ssid")
        self._password = wifi.get("password")
        host = settings.get("ntp")
        self._sntp = Sntp(host) if isinstance(host, str) and host else None
        self._set_time = set_time
        self._station = None
        self._waited_ms = _PATIENCE_MS
        self._time_ms = 0

    def up(self):
        """Return whether the link is up; if not, start it, at most every 20 s. Does not block."""
        if not isinstance(self._ssid, str):
            return False
        try:
            return self._joined()
        except OSError:  # the radio's driver is busy with the previous attempt
            return False

    def elapsed(self, ms):
        """`ms` have passed since the last call: keeps the time of day."""
        self._waited_ms = min(self._waited_ms + ms, _PATIENCE_MS)
        if self._sntp is None or self._station is None:
            return
        unix = self._sntp.answer()
        if unix is not None:
            self._set_time(unix)
            self._time_ms = _ASK_TIME_MS
        self._time_ms -= ms
        if self._time_ms <= 0 and self._station.isconnected():
            self._time_ms = _ASK_AGAIN_MS
            try:
                self._sntp.ask()
            except OSError:
                pass  # repeated after _ASK_AGAIN_MS

    def _joined(self):
        if self._station is None:
            self._station = network.WLAN(network.STA_IF)
            self._station.active(True)
        if self._station.isconnected():
            return True
        if self._waited_ms >= _PATIENCE_MS:
            self._waited_ms = 0
            self._station.disconnect()
            self._station.connect(self._ssid, self._password)
        return False
