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
    # Power at 230 V is controlled from low_w_N to high_w_N; high_w_N of 0: it is not used.
    (34, MALIGNANT, "low_w_1", 190, _LEAST_W, _MOST_W),
    (35, MALIGNANT, "high_w_1", _MOST_W, 0, _MOST_W),
    (36, MALIGNANT, "low_w_2", _LEAST_W, _LEAST_W, _MOST_W),
    (37, MALIGNANT, "high_w_2", 0, 0, _MOST_W),
    (38, MALIGNANT, "low_w_3", _LEAST_W, _LEAST_W, _MOST_W),
    (39, MALIGNANT, "high_w_3", 0, 0, _MOST_W),
    (40, MALIGNANT, "low_w_4", _LEAST_W, _LEAST_W, _MOST_W),
    (41, MALIGNANT, "high_w_4", 0, 0, _MOST_W),
    (42, MALIGNANT, "low_w_5", _LEAST_W, _LEAST_W, _MOST_W),
    (43, MALIGNANT, "high_w_5", 0, 0, _MOST_W),
    (44, MALIGNANT, "low_w_6", _LEAST_W, _LEAST_W, _MOST_W),
    (45, MALIGNANT, "high_w_6", 0, 0, _MOST_W),
)
# What a currency meter has in their place, in 1e-5 of the currency unit: the same numbers.
MONEY = (
    (10, "alarms", "low_credit_money", 0, 0, _MOST_MONEY),
    (11, "alarms", "lower_credit_money", 0, 0, _MOST_MONEY),
)
# (what is to be lower, what is to be higher), where both are given
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


def row(number, money):
    """Return the row of a number, None if there is none. money: of a currency meter."""
    for found in (MONEY if money else ()) + ROWS:
        if found[NUMBER] == number:
            return found
    return None
