"""What the topics and fields mean, for documents and station. Boards do not load this module.

A test compares the names with those of topics.py and messages.py.
"""

from meterbus import descriptions

from .topics import ID_CHARS, ID_LONGEST, ID_WORDS

# A collector's id as a regular expression.
ID_PATTERN = "^[%s]{1,%d}$" % (ID_CHARS, ID_LONGEST)

# {part of a topic: (values, meaning)}
PARTS = {
    "<tenant>": ("1 to 999999999", "the number of the utility; 1 with a standalone station"),
    "<collector>": (ID_WORDS, "the `id` in the collector's settings"),
    "<drn>": ("11 or 13 digits", "the meter's number"),
}

# {topic: meaning}
TOPICS = {
    "status": "the connection; `offline` is the last will",
    "about": "the collector itself, at each connection and once a keep-alive time",
    "echo": "asks whether messages reach the collector",
    "echo_reply": "the same nonce, at once",
    "cmd": "a token or an order for a meter, or the end of its job",
    "ack": "what became of a command",
    "state": "a meter's reading",
}

# {null rule: in words}; all others are words
NULLS = {
    "safe": "if it was not read, or the safe application runs",
    "held": "if it was not read, or the safe application runs, or not set while the ledger is at "
    "fault",
}

# {message: {field: (unit, meaning)}}
FIELDS = {
    "status": {
        "": ("", "not JSON: the bare word"),
    },
    "about": {
        "version": ("", "of the collector's firmware"),
        "crash": ("", "its last crash report in words"),
        "instance": ("", "a random number of this run of the program"),
    },
    "echo": {
        "nonce": ("", "chosen by the station, repeated by the collector"),
    },
    "cmd": {
        "ref": ("", "the job's reference: random, `token_ref` on the bus"),
        "token": ("", "left out with `order` and with `forget`"),
        "expires": ("s", "not entered after this; null or left out: the collector's `job_days`"),
        "forget": ("", "true: the station has recorded the end of this job"),
        "again": ("", "true: the proof of the result was wrong; the meter is to be asked again"),
        "order": ("", "in the place of a token: the bytes that the meter gets"),
    },
    "ack": {
        "ref": ("", "of the command"),
        "state": ("", "see below"),
        "result": ("", "TokenResult of the meter, of an order its result; with `done`"),
        "credit_wh": (
            "Wh",
            "electricity credit after the token, -2147483648: money; with `mac` of a token",
        ),
        "sequence": ("", "of the meter's events after the token, of an order its own; with `mac`"),
        "mac": ("", "proof of the result; with `done`, if the meter has given one"),
        "at": ("s", "of the result; with `done`, if the time is known"),
        "why": ("", "a sentence; with `refused`"),
        "order": ("", "true: the job is an order"),
    },
    "state": {
        "at": ("s", "of the last answer"),
        "online": ("", "a meter with this DRN answers"),
        "fault": ("", "why it is offline, or its gravest fault"),
        "crash": ("", "its last crash report in words"),
        "energy_wh": ("Wh", "total imported energy"),
        "credit_wh": ("Wh", "electricity credit; null also where it is money"),
        "power_w": ("W", "active power"),
        "control_state": (
            "",
            "0 disconnected, 1 connected, 2 ready for reconnection (COSEM class 70)",
        ),
        "open_reasons": ("", "why the relay is open, a bit each: the table of reasons"),
        "token_result": ("", "the last TokenResult, from anywhere"),
        "sequence": ("", "grows with everything that happens"),
        "power_fail_count": ("", "power failures"),
        "power_limit_w": ("W", "maximum power limit, 0 none"),
        "krn": ("", "key revision number"),
        "kt": ("", "key type"),
        "ti": ("", "tariff index"),
        "sgc": ("", "supply group code"),
        "ken": ("", "key expiry number"),
    },
}
FIELDS["state"].update({name: ("", text) for name, text in descriptions.STATUS.items()})
FIELDS["state"].update(
    {
        "credit_money": ("1e-5 of the currency", "electricity credit of a currency meter"),
        "currency": ("", "of that credit, ISO 4217"),
        "tamper_kinds": (
            "",
            "tampering since the last token that cleared it, a bit for each kind",
        ),
    }
)


def names_of(table, bits):
    """Return the names of the bits that are set; a bit without a row is named `bit N`."""
    found = [row[1] for row in table if bits & row[0]]
    known = 0
    for row in table:
        known |= row[0]
    for i in range(16):
        if bits & ~known & 1 << i:
            found.append("bit %d" % i)
    return found
