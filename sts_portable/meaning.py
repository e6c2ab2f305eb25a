"""The meanings of the codes inside tokens, in words. A meter does not need this file."""

# Class 1: test number -> action. Test n >= 1 is control bit n - 1; test 0 sets every bit.
TESTS = {
    0: "all tests and displays",
    1: "test load switch",
    2: "test information display",
    3: "display cumulative kWh register totals",
    4: "display KRN",
    5: "display TI",
    6: "test token reader",
    7: "display maximum power limit",
    8: "display tamper status",
    9: "display power consumption",
    10: "display software version",
    11: "display phase power unbalance limit",
    12: "display water meter factor",
    13: "display tariff rate",
    14: "display EA code",
    15: "display number of key-change tokens supported",
    16: "display SGC",
    17: "display KEN",
    18: "display DRN",
    32: "initiate meter test",  # provisional: one source
}

# ClearCredit: register number -> what is cleared.
REGISTERS = {
    0: "electricity credit",
    1: "water credit",
    2: "gas credit",
    3: "time credit",
    4: "electricity currency credit",
    5: "water currency credit",
    6: "gas currency credit",
    7: "time currency credit",
    0xFFFF: "all credit",
}

# SetExtended, index 63: flag number -> meaning of 1.
FLAGS = {
    0: "CTS test",
    1: "detect tamper",
    2: "disconnect service",
    3: "disconnect on tamper",
    4: "disconnect on power limit",
    5: "disconnect on under-frequency",
    6: "electricity prepayment",
    7: "water prepayment",
    8: "gas prepayment",
    9: "time prepayment",
    10: "commissioning mode",
    11: "TI fall-back power limit",
}

UNITS = {0x00: "0.1 kWh", 0x01: "0.1 m3", 0x02: "0.1 m3", 0x03: "0.1 min", 0x20: "W", 0x26: "W"}
CURRENCY_UNIT = "1e-5 of the currency unit"

# Layouts that no compliance vector confirms: class << 4 | subclass -> the reason.
PROVISIONAL = {
    0x12: "data: both known tokens have 0",
    0x2B: "RND, TID and 16 bits assumed",
    0x2C: "as 11",
    0x2D: "as 11",
    0x2E: "as 11",
    0x2F: "as 11",
    0x128: "with a 64-bit key, from one source",
}


def tests_of(control: int, width: int) -> "list[int]":
    """Return the test numbers selected by a control field; [0] if all `width` bits are set."""
    if control == (1 << width) - 1:
        return [0]
    return [n + 1 for n in range(width) if control >> n & 1]
