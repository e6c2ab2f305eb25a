"""The collector's `settings.json`: checked once, with a sentence for what is wrong."""

from runtime import dns
from uplink.topics import ID_WORDS, is_collector, is_digits

_LONGEST = 255


class OptionError(Exception):
    """The settings cannot be used. The text names the reason."""


def _number(settings, key, default, low, high):
    value = settings.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(f"settings: {key} must be a number from {low} to {high}")
    return value


def _text(settings, key):
    value = settings.get(key)
    if value is not None and (not isinstance(value, str) or not 1 <= len(value) <= _LONGEST):
        raise OptionError(f"settings: {key} must be a text of 1 to {_LONGEST} characters or null")
    return value


class Options:
    """The settings in use. Raises OptionError."""

    def __init__(self, settings):
        self.id = settings.get("id")
        if not isinstance(self.id, str) or not is_collector(self.id):
            raise OptionError("settings: id must be " + ID_WORDS)
        self.tenant = _number(settings, "tenant", 1, 1, 999999999)
        broker = settings.get("broker")
        if not isinstance(broker, dict) or not _text(broker, "host"):
            raise OptionError("settings: broker must have a host")
        self.host = broker["host"]
        try:
            self.dns = dns.servers_of(settings)
        except ValueError as error:
            raise OptionError(f"settings: {error}")
        self.port = _number(broker, "port", 1883, 1, 65535)
        self.user = _text(broker, "user")
        self.password = _text(broker, "password")
        self.keepalive_s = _number(broker, "keepalive_s", 60, 5, 600)
        self.poll_ms = _number(settings, "poll_ms", 1000, 50, 86400000)
        self.reply_timeout_ms = _number(settings, "reply_timeout_ms", 300, 20, 10000)
        self.max_jobs = _number(settings, "max_jobs", 200, 1, 500)
        self.max_jobs_per_meter = _number(settings, "max_jobs_per_meter", 20, 1, 500)
        self.job_days = _number(settings, "job_days", 30, 1, 3650)
        self.meters = _meters(settings.get("meters"))


def _meters(rows):
    """Return [(address, drn)]. Raise OptionError if an address or DRN is there twice."""
    if not isinstance(rows, list):
        raise OptionError("settings: meters must be a list")
    found = []
    addresses = set()
    drns = set()
    for row in rows:
        if not isinstance(row, dict):
            raise OptionError('settings: a meter is {"address": 1, "drn": "..."}')
        address = _number(row, "address", None, 1, 247)
        drn = row.get("drn")
        if not isinstance(drn, str) or len(drn) not in (11, 13) or not is_digits(drn):
            raise OptionError(f"settings: the DRN at address {address} must be 11 or 13 digits")
        if address in addresses or drn in drns:
            raise OptionError(f"settings: address {address} or DRN {drn} is there twice")
        addresses.add(address)
        drns.add(drn)
        found.append((address, drn))
    return found
