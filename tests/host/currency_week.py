"""A week of energy_week.py of a currency meter: a price for each rate, a daily charge."""

from currency_rig import priced
from energy_week import EnergyState, EnergyWeek
from meter_week import STEP_WH

from sts_portable import amount, vendor

PRICES = [2500000, 1200033, 77, 4000001]  # 1e-5 of the currency per kWh: 1e-8 per Wh
DAILY = 150001
_UNITS_PER_TENTH = 250000
_DAY_MS = 86400000


class CurrencyState(EnergyState):
    """paid: credit and what all energy of each rate has cost, which energy does not change."""

    def __init__(self, device):
        super().__init__(device)
        spent = sum(wh * price for wh, price in zip(self.rates_wh, PRICES, strict=True))
        self.paid = self.credit + spent


class CurrencyWeek(EnergyWeek):
    """An EnergyWeek whose tokens and credit are money."""

    unsaved = STEP_WH * max(PRICES)
    register = 4

    def __init__(self, seed, memory, **settings):
        more = priced(PRICES, DAILY, emergency_money=1000000)
        super().__init__(seed, memory, **settings, **more)
        self._supply_ms = 0
        elapsed = self.device.elapsed

        def counted(supply_ms, real_ms):
            self._supply_ms += supply_ms
            elapsed(supply_ms, real_ms)

        self.device.elapsed = counted

    def credit(self, tenths):
        return vendor.currency(self.key, 7, self.next_tid(), self._units(tenths))

    def worth(self, tenths):
        return 1000 * amount.decode_currency(amount.encode_currency(self._units(tenths)))

    def price(self):
        return PRICES[self._rate() - 1]

    def _units(self, tenths):
        """Return the price of an amount; now and then a debt, which a token may carry too."""
        return _UNITS_PER_TENTH * tenths * (-1 if tenths % 40 == 0 else 1)

    def state(self):
        return CurrencyState(self.device)

    def step(self):
        """Do one action, and take off the daily charges of its time."""
        days = self._supply_ms // _DAY_MS
        found = super().step()
        self.model.credit -= 1000 * DAILY * (self._supply_ms // _DAY_MS - days)
        return found

    def judged(self, device, before, after):
        """Check that no Wh was charged at another price than that of its rate, or twice."""
        found = CurrencyState(device)
        if found.paid not in (before.paid, after.paid):
            return f"paid {found.paid}, {before.paid} to {after.paid}"
        return super().judged(device, before, after)
