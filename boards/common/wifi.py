"""Wi-Fi in station mode, and the time of day from the network."""

import network

_PATIENCE_MS = 20000  # for one attempt to join
_ASK_TIME_MS = 21600000
_ASK_AGAIN_MS = 30000
_NO_ADDRESS = "0.0.0.0"


class Wifi:
    """`board.net`. settings: {"wifi": {"ssid": .., "password": ..}, "ntp": host or absent}.

    `dns` in the settings lists name servers to use instead of the network's. set_time(unix):
    called with each accepted time.
    """

    def __init__(self, settings, set_time):
        # Imported here to save memory on a meter, which imports this module but does not use it.
        from boards.common.sntp import Judge, Sntp

        wifi = settings.get("wifi")
        wifi = wifi if isinstance(wifi, dict) else {}
        self._ssid = wifi.get("ssid")
        self._password = wifi.get("password")
        self._servers = _servers(settings)
        host = settings.get("ntp")
        self._sntp = Sntp(host, self) if isinstance(host, str) and host else None
        self._judge = Judge()
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

    def dns(self):
        """Return the addresses of the name servers in the settings, else of the network's."""
        if self._servers or self._station is None:
            return self._servers
        server = self._station.ifconfig()[3]
        return [] if server == _NO_ADDRESS else [server]

    def hosts(self, _name):
        """Return []: the board stores no addresses of names."""
        return []

    def elapsed(self, ms):
        """Keep the time of day. `ms` have elapsed since the last call."""
        self._waited_ms = min(self._waited_ms + ms, _PATIENCE_MS)
        if self._sntp is None or self._station is None:
            return
        self._judge.elapsed(ms)
        unix = self._sntp.answer(ms)
        if unix is not None and self._judge.believe(unix):
            self._set_time(unix)
            self._time_ms = _ASK_TIME_MS
        self._time_ms -= ms
        if self._time_ms <= 0 and self._station.isconnected():
            self._time_ms = _ASK_AGAIN_MS
            self._sntp.ask()

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


def _servers(settings):
    from runtime import dns

    try:
        return dns.servers_of(settings)
    except ValueError:
        return []  # the collector reports settings that cannot be used
