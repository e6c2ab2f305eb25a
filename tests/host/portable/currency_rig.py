"""What the checks of currency meters share: settings with prices, tokens, a meter with a clock."""

from binascii import crc32

from meter_rig import FIRST_TID, KEY, Memory, meter

from sts_portable import amount, vendor

MIDNIGHT = 1793577600  # 2026-11-02 00:00 UTC, a Monday
DAY_MS = 86400000
# Of all days: rate 1 from 06:00, 2 from 22:00.
TARIFFS = [[127, 360, 1], [127, 1320, 2]]
PRICES = [2500000, 1200033, 3, 4294967295]  # 25 KES, 12.00033 KES, ...
UNIT = 10**8
FIVE = 500024000  # 1e-8 KES that the token of 5 KES credits


def priced(prices=PRICES, daily=0, currency="KES", **more):
    """Return the settings of a currency meter."""
    four = prices * (4 // len(prices))
    text = "%s,%s,%d" % (currency, ",".join(["%d" % price for price in four]), daily)
    given = {"currency": currency, "currency_prices": prices, "currency_daily": daily}
    given["currency_crc"] = crc32(text.encode())
    given.update(more)
    return given


def money(units, number=0):
    """Return a token of `units` of 1e-5 KES."""
    return vendor.currency(KEY, 7, FIRST_TID + number, units)


def carried(units):
    """Return in 1e-8 KES what the token of `units` credits: the field has five digits."""
    return 1000 * amount.decode_currency(amount.encode_currency(units))


def give(device, credit):
    """Let the meter have a credit of so many 1e-8 KES."""
    device.account.credit = credit
    device.changed()
    device.elapsed(20, 20)


def use(device, wh):
    """Let energy flow as the application does, up to `wh`."""
    while wh:
        count = min(wh, device.pulse_limit())
        device.pulses(count)
        device.elapsed(20, 20)
        wh -= count


class Clocked:
    """A currency meter with tariffs and a clock; unix None: unknown."""

    def __init__(self, unix, **more):
        self.unix = unix
        self.memory = Memory()
        self.given = priced(tariffs=TARIFFS, features="core", **more)
        self.start()

    def start(self):
        self.meter = None
        self.meter = meter(self.memory, unix=lambda: self.unix, **self.given)

    def at(self, unix):
        self.unix = unix
        self.meter.clock_set(0xFFFF)
        self.meter.elapsed(20, 20)
