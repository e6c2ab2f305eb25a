"""The fields of each message as tables.

A row: (name, kind, null rule, source, argument). The source is a register of the meter
(meterbus.registers), "" if the value has another source; the argument is the mask of its bit if
the kind is bool, else the factor from the register's unit to that of the field. Unit and meaning
of each field are in descriptions.py.
"""

from meterbus import codes, status_bits

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


NAME = const(0)
KIND = const(1)
NULL = const(2)
SOURCE = const(3)
ARGUMENT = const(4)

# Null rules. Unknown is null, never 0.
NEVER = "never"
MAY = "if there is none"
UNREAD = "if it was not read"
LEDGER = "if it was not read, or the ledger is at fault"
LEFT_OUT = "may be left out"
SAFE = "safe"  # in words: descriptions.NULLS
HELD = "held"

# Not JSON: the bare word.
STATUS = (("", "connection", NEVER, "", 1),)

ABOUT = (
    ("version", "text200", MAY, "", 1),
    ("crash", "text200", MAY, "", 1),
    ("instance", "u32", NEVER, "", 1),
)

ECHO = (("nonce", "u32", NEVER, "", 1),)

CMD = (
    ("ref", "ref", NEVER, "", 1),
    ("token", "token", LEFT_OUT, "", 1),
    ("expires", "time", LEFT_OUT, "", 1),
    ("forget", "bool", LEFT_OUT, "", 1),
    ("again", "bool", LEFT_OUT, "", 1),
    ("order", "order", LEFT_OUT, "", 1),
)

ACK = (
    ("ref", "ref", "if the command had no usable one", "", 1),
    ("state", "ack_state", NEVER, "", 1),
    ("result", "result", LEFT_OUT, "", 1),
    ("credit_wh", "s32", LEFT_OUT, "result_credit", 1),
    ("sequence", "u32", LEFT_OUT, "result_sequence", 1),
    ("mac", "mac", LEFT_OUT, "result_mac", 1),
    ("at", "time", LEFT_OUT, "", 1),
    ("why", "text200", LEFT_OUT, "", 1),
    ("order", "bool", LEFT_OUT, "", 1),
)

# Bits of `status` that the safe application has too, and those that the ledger holds.
_SAFE_HAS = codes.STATUS_RELAY_CLOSED | codes.STATUS_SAFE | codes.STATUS_CRASHED
_LEDGER_HAS = codes.STATUS_TAMPER | codes.STATUS_LOW_CREDIT | codes.STATUS_MALIGNANT

STATE = (
    ("at", "time", "if the collector has no time", "", 1),
    ("online", "bool", NEVER, "", 1),
    ("fault", "text200", MAY, "", 1),
    ("crash", "text200", MAY, "", 1),
    ("energy_wh", "u32", LEDGER, "energy_wh", 1),
    ("credit_wh", "s64", LEDGER, "credit", 10),
    ("power_w", "u32", UNREAD, "power_w", 1),
    ("control_state", "u16", UNREAD, "control_state", 1),
    ("open_reasons", "bits", UNREAD, "open_reasons", 1),
    ("token_result", "result", LEDGER, "token_result", 1),
    ("sequence", "u32", LEDGER, "sequence", 1),
    ("power_fail_count", "u16", LEDGER, "power_fail_count", 1),
    ("power_limit_w", "u32", UNREAD, "power_limit_w", 1),
    ("krn", "u16", LEDGER, "krn", 1),
    ("kt", "u16", LEDGER, "kt", 1),
    ("ti", "u16", LEDGER, "ti", 1),
    ("sgc", "u32", LEDGER, "sgc", 1),
    ("ken", "u16", LEDGER, "ken", 1),
) + tuple(
    (
        row[1],
        "bool",
        UNREAD if row[0] & _SAFE_HAS else HELD if row[0] & _LEDGER_HAS else SAFE,
        "status",
        row[0],
    )
    for row in status_bits.STATUS
)
# The credit is that of a currency meter, whose credit_wh is null.
STATE += (
    ("credit_money", "s64", LEFT_OUT, "credit_money", 1),
    ("currency", "text3", LEFT_OUT, "currency", 1),
    ("tamper_kinds", "bits", LEFT_OUT, "tamper", 1),
)

# The value of the registers credit and result_credit where the credit is money; that of
# meterbus.energy_rows, which few collectors need.
NOT_ENERGY = -0x80000000

MESSAGES = {
    "status": STATUS,
    "about": ABOUT,
    "echo": ECHO,
    "cmd": CMD,
    "ack": ACK,
    "state": STATE,
}

# Bits of `status` that set the field `fault` of a meter that answers, the most severe first.
FAULTS = ("safe_mode", "ledger_fault", "not_configured", "relay_fault", "metering_fault")


def bit_of(table, name):
    """Return the bit of this name in a table of codes or status_bits. Raise KeyError if none."""
    for row in table:
        if row[1] == name:
            return row[0]
    raise KeyError(name)
