"""The MQTT topics as one table, with functions to build and parse a topic."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ROOT = "tjugo/v1"

UP = "collector to station"
DOWN = "station to collector"

_HEAD = ROOT + "/<tenant>/<collector>/"

# (name, pattern, direction, retained, QoS, message in messages.py); meanings: descriptions.py
ROWS = (
    ("status", _HEAD + "status", UP, True, 1, "status"),
    ("about", _HEAD + "about", UP, True, 1, "about"),
    ("echo", _HEAD + "echo", DOWN, False, 1, "echo"),
    ("echo_reply", _HEAD + "echo/reply", UP, False, 1, "echo"),
    ("cmd", _HEAD + "<drn>/cmd", DOWN, False, 1, "cmd"),
    ("ack", _HEAD + "<drn>/ack", UP, False, 1, "ack"),
    ("state", _HEAD + "<drn>/state", UP, True, 1, "state"),
)

# <collector>: which characters a collector's id has, how many at most, and this in words.
ID_CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
ID_LONGEST = const(32)
ID_WORDS = "1 to %d letters, digits, hyphens and underscores" % ID_LONGEST

NAME = const(0)
PATTERN = const(1)
DIRECTION = const(2)
RETAINED = const(3)
QOS = const(4)
MESSAGE = const(5)

_PREFIX = ROOT.split("/")
_BY_NAME = {row[NAME]: row for row in ROWS}
_TAILS = {tuple(row[PATTERN].split("/")[4:]): row[NAME] for row in ROWS}


def row(name):
    """Return the row of a topic. Raise KeyError if there is none."""
    return _BY_NAME[name]


def build(name, tenant, collector, drn=""):
    """Return the topic of this name. drn: for the topics of one meter."""
    text = _BY_NAME[name][PATTERN].replace("<tenant>", str(tenant))
    return text.replace("<collector>", collector).replace("<drn>", drn)


def parse(topic):
    """Return (name, tenant, collector, drn) of a topic, or None if it matches no row.

    drn is "" for the topics of a collector. The tenant is a number from 1.
    """
    parts = topic.split("/")
    if parts[:2] != _PREFIX or len(parts) not in (5, 6):
        return None
    tenant = _tenant(parts[2])
    if tenant is None or not parts[3]:
        return None
    tail = tuple(parts[4:])
    if tail in _TAILS:
        return _TAILS[tail], tenant, parts[3], ""
    drn = tail[0]
    name = _TAILS.get(("<drn>",) + tail[1:])
    if name is None or not is_digits(drn):
        return None
    return name, tenant, parts[3], drn


def _tenant(text):
    """Return the tenant number if it is canonical (no leading zero, at most 9 digits), or None."""
    usable = is_digits(text) and len(text) <= 9 and text[0] != "0"
    return int(text) if usable else None


def filters(direction, tenant, collector="+"):
    """Return the topic filters of all messages in this direction."""
    return [build(r[NAME], tenant, collector, "+") for r in ROWS if r[DIRECTION] == direction]


def is_collector(text):
    """Return True if `text` can be the id of a collector."""
    for char in text:
        if char not in ID_CHARS:
            return False
    return 1 <= len(text) <= ID_LONGEST


def is_digits(text):
    """Return True if `text` is ASCII digits only, and not empty."""
    for char in text:
        if not "0" <= char <= "9":
            return False
    return bool(text)


class Topics:
    """The topics of one collector."""

    def __init__(self, tenant, collector):
        self._tenant = tenant
        self._collector = collector
        self.status = build("status", tenant, collector)
        self.about = build("about", tenant, collector)
        self.echo = build("echo", tenant, collector)
        self.echo_reply = build("echo_reply", tenant, collector)
        self.commands = build("cmd", tenant, collector, "+")

    def ack(self, drn):
        """Return the topic of the acknowledgements of this meter's commands."""
        return build("ack", self._tenant, self._collector, drn)

    def state(self, drn):
        """Return the topic of this meter's readings."""
        return build("state", self._tenant, self._collector, drn)

    def command_drn(self, topic):
        """Return the DRN in the topic of a command, or None for any other topic."""
        found = parse(topic)
        if found is None or found[:3] != ("cmd", self._tenant, self._collector):
            return None
        return found[3]
