"""The settings that an order may change, with their ranges. A meter loads this for a moment only:
when it starts, and for an order.

A number is that of the wire and never changes its meaning. A feature of the meter has the values
of its rows in its list `values`, in this order.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


MALIGNANT = "malignant"  # its names are those of an object in settings.json
_INTERVALS = const(6)
_LEAST_W = const(30)
_MOST_W = const(65535)
_MOST_MONEY = 10**14

# (number, feature, name, default, lowest, highest)
ROWS = (
    (1, "limiter", "overload_w", 0, 0, 100000),
    (2, "limiter", "overload_delay_s", 30, 1, 3600),
    (3, "limiter", "overload_off_s", 120, 10, 86400),
    (4, "limiter", "overload_trips", 4, 1, 99),
    (5, "limiter", "overload_quiet_s", 1800, 60, 86400),
    (6, "limiter", "overload_lock_s", 0, 0, 86400),
    (10, "alarms", "low_credit_wh", 5000, 0, 1000000),
    (11, "alarms", "lower_credit_wh", 1000, 0, 1000000),
    (12, "alarms", "lower_credit_opens", 0, 0, 1),
    (20, "voltage", "over_voltage_v", 276, 100, 500),
    (21, "voltage", "under_voltage_v", 160, 0, 500),
    (22, "voltage", "voltage_hysteresis_v", 5, 0, 50),
    (23, "voltage", "voltage_delay_s", 10, 1, 3600),
    (24, "voltage", "voltage_opens", 0, 0, 1),
    (30, MALIGNANT, "mode", 0, 0, 2),
    (31, MALIGNANT, "pf_x1000", 990, 0, 1000),
    (32, MALIGNANT, "restore_s", 120, 1, 65535),
    (33, MALIGNANT, "restorations", 3, 0, 100),
)
_FIRST_INTERVAL = const(34)  # number of low_w_1
# Power at 230 V is controlled from low_w_N to high_w_N; high_w_N of 0: it is not used. A name that
# is composed here does not stay in the heap of every meter, as those in the code do.
for _number in range(1, _INTERVALS + 1):
    _row = _FIRST_INTERVAL + 2 * (_number - 1)
    _low, _high = (190, _MOST_W) if _number == 1 else (_LEAST_W, 0)
    ROWS += (
        (_row, MALIGNANT, "low_w_%d" % _number, _low, _LEAST_W, _MOST_W),
        (_row + 1, MALIGNANT, "high_w_%d" % _number, _high, 0, _MOST_W),
    )
# What a currency meter has in their place, in 1e-5 of the currency unit: the same numbers.
MONEY = (
    (10, "alarms", "low_credit_money", 0, 0, _MOST_MONEY),
    (11, "alarms", "lower_credit_money", 0, 0, _MOST_MONEY),
)
# (what is to be lower, what is to be higher)
IN_ORDER = (
    ("under_voltage_v", "over_voltage_v"),
    ("lower_credit_wh", "low_credit_wh"),
    ("lower_credit_money", "low_credit_money"),
)

NUMBER = const(0)
FEATURE = const(1)
NAME = const(2)
DEFAULT = const(3)
LOWEST = const(4)
HIGHEST = const(5)


def call(function, *args):
    """Call a function, while this module is loaded."""
    function(*args)


def load(settings, feature):
    """Return the values of a feature's rows in meter.settings.Settings, which notes wrong ones."""
    rows = [found[NAME:] for found in ROWS if found[FEATURE] == feature]
    if feature == MALIGNANT:
        values = settings.group(MALIGNANT, rows)
        name = wrong(values)
        if name:
            settings.note("%s.%s" % (MALIGNANT, name))
        return values
    return [settings.number(*found) for found in rows]


def wrong(values):
    """Return the name of an interval's end that is below its beginning, "" for none. values: those
    of malignant loads."""
    first = len(values) - 2 * _INTERVALS
    for i in range(_INTERVALS):
        low, high = values[first + 2 * i : first + 2 * i + 2]
        if high and high < low:
            return "high_w_%d" % (i + 1)
    return ""


def conflict(given):
    """Return the name of a setting that does not fit another one, "" for none. given: those of
    settings.json; what it has not counts with its default.

    Between the limits of the voltage there must be room for both hystereses: else a supply that
    opened once would never close.
    """
    values = {}
    for found in ROWS + MONEY:
        value = given.get(found[NAME])
        values[found[NAME]] = value if isinstance(value, int) else found[DEFAULT]
    for low, high in IN_ORDER:
        if values[low] > values[high]:
            return low if low in given else high
    low, high = IN_ORDER[0]
    room = values[high] - values[low]
    name = "voltage_hysteresis_v"
    if 2 * values[name] <= room:
        return ""
    return name if name in given else high if high in given else low


def row(number, money):
    """Return the row of a number, None if there is none. money: of a currency meter."""
    for found in (MONEY if money else ()) + ROWS:
        if found[NUMBER] == number:
            return found
    return None
