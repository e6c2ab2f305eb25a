"""The fields of each message as tables.

A row: (name, kind, unit, null rule, source, argument, column, meaning). The source is a register
of the meter (meterbus.registers), "" if the sender has the value from elsewhere; the argument is
the mask of its bit if the kind is bool, else the factor from the register's unit to the field's.
The column is the one of the station's table (see COLUMNS_OF) that keeps the value, "" none.
"""

from meterbus import codes

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


NAME = const(0)
KIND = const(1)
UNIT = const(2)
NULL = const(3)
SOURCE = const(4)
ARGUMENT = const(5)
COLUMN = const(6)
MEANING = const(7)

# Null rules. Unknown is null, never 0.
NEVER = "never"
MAY = "if there is none"
UNREAD = "if it was not read"
LEDGER = "if it was not read, or the ledger is at fault"
LEFT_OUT = "may be left out"

STATUS = (("", "connection", "", NEVER, "", 1, "online", "not JSON: the bare word"),)

ABOUT = (
    ("version", "text200", "", MAY, "", 1, "version", "of the collector's firmware"),
    ("crash", "text200", "", MAY, "", 1, "crash", "its last crash report in words"),
)

ECHO = (
    ("nonce", "u32", "", NEVER, "", 1, "", "chosen by the station, repeated by the collector"),
)

CMD = (
    ("ref", "ref", "", NEVER, "", 1, "", "the job's reference: random, `token_ref` on the bus"),
    ("token", "token", "", LEFT_OUT, "", 1, "", "left out only with `forget`"),
    (
        "expires",
        "time",
        "s",
        LEFT_OUT,
        "",
        1,
        "",
        "not entered after this; null or left out: never",
    ),
    (
        "forget",
        "bool",
        "",
        LEFT_OUT,
        "",
        1,
        "",
        "true: the station has recorded the end of this job",
    ),
)

ACK = (
    ("ref", "ref", "", "if the command had no usable one", "", 1, "", "of the command"),
    ("state", "ack_state", "", NEVER, "", 1, "", "see below"),
    ("result", "result", "", LEFT_OUT, "", 1, "", "of the meter; with `done`"),
    ("at", "time", "s", LEFT_OUT, "", 1, "", "of the result; with `done`, if the time is known"),
    ("why", "text200", "", LEFT_OUT, "", 1, "", "a sentence; with `refused`"),
)

STATE = (
    ("at", "time", "s", "if the collector has no time", "", 1, "at", "of the last answer"),
    ("online", "bool", "", NEVER, "", 1, "online", "a meter with this DRN answers"),
    ("fault", "text200", "", MAY, "", 1, "fault", "why it is offline, or its gravest fault"),
    ("crash", "text200", "", MAY, "", 1, "crash", "its last crash report in words"),
    ("energy_wh", "u32", "Wh", LEDGER, "energy_wh", 1, "energy_wh", "total imported energy"),
    ("credit_wh", "s64", "Wh", LEDGER, "credit", 10, "credit_wh", "electricity credit"),
    ("power_w", "u32", "W", UNREAD, "power_w", 1, "power_w", "active power"),
    (
        "control_state",
        "u16",
        "",
        UNREAD,
        "control_state",
        1,
        "control_state",
        "0 disconnected, 1 connected, 2 ready for reconnection (COSEM class 70)",
    ),
    (
        "open_reasons",
        "bits",
        "",
        UNREAD,
        "open_reasons",
        1,
        "open_reasons",
        "why the relay is open, a bit each: the table of reasons",
    ),
    (
        "token_result",
        "result",
        "",
        LEDGER,
        "token_result",
        1,
        "token_result",
        "the last TokenResult, from anywhere",
    ),
    (
        "sequence",
        "u32",
        "",
        LEDGER,
        "sequence",
        1,
        "sequence",
        "grows with everything that happens",
    ),
    (
        "power_fail_count",
        "u16",
        "",
        LEDGER,
        "power_fail_count",
        1,
        "power_fail_count",
        "power failures",
    ),
    (
        "power_limit_w",
        "u32",
        "W",
        UNREAD,
        "power_limit_w",
        1,
        "power_limit_w",
        "maximum power limit, 0 none",
    ),
    ("krn", "u16", "", LEDGER, "krn", 1, "krn", "key revision number"),
    ("kt", "u16", "", LEDGER, "kt", 1, "kt", "key type"),
    ("ti", "u16", "", LEDGER, "ti", 1, "ti", "tariff index"),
    ("sgc", "u32", "", LEDGER, "sgc", 1, "sgc", "supply group code"),
    ("ken", "u16", "", LEDGER, "ken", 1, "ken", "key expiry number"),
) + tuple((row[1], "bool", "", UNREAD, "status", row[0], row[1], row[2]) for row in codes.STATUS)

MESSAGES = {
    "status": STATUS,
    "about": ABOUT,
    "echo": ECHO,
    "cmd": CMD,
    "ack": ACK,
    "state": STATE,
}

# The station's tables that keep a message.
COLUMNS_OF = {"status": "collector", "about": "collector", "state": "meter_reading"}

# Bits of `status` that make the field `fault` of a meter that answers, the gravest first.
FAULTS = ("safe_mode", "ledger_fault", "not_configured", "relay_fault")


def bit_of(table, name):
    """Return the bit of this name in a table of meterbus.codes. KeyError if there is none."""
    for row in table:
        if row[1] == name:
            return row[0]
    raise KeyError(name)


def names_of(table, bits):
    """Return the names of the bits that are set; one in no row is named `bit N`."""
    found = [row[1] for row in table if bits & row[0]]
    known = 0
    for row in table:
        known |= row[0]
    for i in range(16):
        if bits & ~known & 1 << i:
            found.append("bit %d" % i)
    return found


def columns(name):
    """Return [(column, field, kind)] of a message that the station keeps."""
    rows = MESSAGES[name]
    return [(row[COLUMN], row[NAME], row[KIND]) for row in rows if row[COLUMN]]
