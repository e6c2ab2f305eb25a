"""Wi-Fi as a station, and the time of day that comes with it."""

import network

_PATIENCE_MS = 20000  # for one attempt to join
_ASK_TIME_MS = 21600000
_ASK_AGAIN_MS = 30000
_NO_ADDRESS = "0.0.0.0"


class Wifi:
    """`board.net`. settings: {"wifi": {"ssid": .., "password": ..}, "ntp": host or absent}.

    `dns` in the settings names servers to ask instead of the network's. set_time(unix): what to do
    with the time when it comes.
    """

    def __init__(self, settings, set_time):
        # Here, because a meter imports this file too and has no memory to spare.
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
        """True if the link is there; else starts it, at most every 20 s. Returns at once."""
        if not isinstance(self._ssid, str):
            return False
        try:
            return self._joined()
        except OSError:  # the radio's driver is busy with the last attempt
            return False

    def dns(self):
        """Return the addresses of the name servers: of the settings, or else of the network."""
        if self._servers or self._station is None:
            return self._servers
        server = self._station.ifconfig()[3]
        return [] if server == _NO_ADDRESS else [server]

    def hosts(self, _name):
        """Return the addresses that the board itself has for a name: none."""
        return []

    def elapsed(self, ms):
        """`ms` have passed since the last call: keeps the time of day."""
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
