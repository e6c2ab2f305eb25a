"""Quantities as short texts."""


def kwh(wh):
    """Return Wh as kWh with two decimals, cut towards zero: 20004 -> "20.00 kWh"."""
    hundredths = abs(wh) // 10
    sign = "-" if wh < 0 and hundredths else ""
    return "%s%d.%02d kWh" % (sign, hundredths // 100, hundredths % 100)


def kwh_exact(wh):
    """Return Wh as kWh with three decimals: 20004 -> "20.004 kWh"."""
    sign = "-" if wh < 0 else ""
    return "%s%d.%03d kWh" % (sign, abs(wh) // 1000, abs(wh) % 1000)
