"""A week of meter_week.py in the life of a meter with tariffs, exported energy and demand."""

from meter_week import PULSES_PER_KWH, STEP_WH, State, Week

# Switches of all days: at 00:00, 07:00, 12:00 and 21:00.
RATES = [[127, 0, 2], [127, 420, 1], [127, 720, 4], [127, 1260, 2]]
SETTINGS = {"tariffs": RATES, "export": 1, "demand_period_min": 15, "demand_slides": 3}
_EXPORTED = 20  # pulses that come at once, less one


class EnergyState(State):
    """rates_wh, export_wh; the maximum demand, W, -1 for none."""

    def __init__(self, device):
        super().__init__(device)
        self.rates_wh = [device.tariffs.energy_wh(rate) for rate in (1, 2, 3, 4)]
        self.export_wh = device.export.export_wh
        self.max_w = -1 if device.demand.max_w is None else device.demand.max_w
        self.month = device.demand._month


class EnergyWeek(Week):
    """A Week whose pulses have a rate each; some are exported."""

    def __init__(self, seed, memory, **settings):
        self._rates_wh = [0, 0, 0, 0]
        self._energy_wh = self._exported = 0
        super().__init__(seed, memory, **settings, **SETTINGS)

    def start(self, memory):
        """Return a meter that has started and looked at its clock."""
        device = super().start(memory)
        device.elapsed(0, 0)
        return device

    def step(self):
        """Do one action, and export where it was one of energy."""
        rate = self._rate()  # time passes at the end of an action, if it does
        found = super().step()
        self._rates_wh[rate - 1] += self.model.energy_wh() - self._energy_wh
        self._energy_wh = self.model.energy_wh()
        if found[0] == "pulses":
            pulses = self.random.below(_EXPORTED)
            self.device.export.count(pulses)
            self.device.elapsed(20, 20)
            self._exported += pulses
        return found

    def _rate(self):
        minute = self.unix() // 60 % 1440
        return [rate for _, begin, rate in RATES if begin <= minute][-1]

    def state(self):
        return EnergyState(self.device)

    def right(self, state):
        exported = self._exported * 1000 // PULSES_PER_KWH
        found = state.rates_wh, state.export_wh, sum(state.rates_wh)
        return super().right(state) and found == (self._rates_wh, exported, state.energy_wh)

    def judged(self, device, before, after):
        """Check that the rates together are the energy, and that nothing was lost or gained."""
        found = EnergyState(device)
        if sum(found.rates_wh) != found.energy_wh:
            return f"rates {found.rates_wh}, energy {found.energy_wh}"
        for name in ("rates_wh", "export_wh"):
            was, value, now = getattr(before, name), getattr(found, name), getattr(after, name)
            rows = zip(was, value, now, strict=True) if name == "rates_wh" else [(was, value, now)]
            for low, one, high in rows:
                if not low - STEP_WH < one <= high:
                    return f"{name} {value}, {was} to {now}"
        if found.month == before.month and found.max_w < before.max_w:
            return f"maximum demand {found.max_w}, {before.max_w} before"
        if found.max_w > max(after.max_w, before.max_w):
            return f"maximum demand {found.max_w}, {after.max_w} after"
        return ""
