"""What happens in the long run on the emulated Pico, and when: tokens, keys, pulses."""

from dataclasses import dataclass

from meter_board import EA, KEY

from sts_portable import vendor

MS, S = 1e6, 1e9  # ns
OPEN, CLOSE, PULSE, UART = 10, 11, 27, 1  # boards/rp2040_pico/pins.py
KEYS = {key: (16 + at // 3, 20 + at % 3) for at, key in enumerate("123456789*0#")}
# Keys are not read while the meter sends a reply, of 120 ms for a poll at 9600.
KEY_MS, KEY_DOWN_MS = 700, 200
_PULSE_MS = 30  # the shortest of IEC 62053-31
_FIRST_TID = 6_000_000


@dataclass(frozen=True)
class Plan:
    """cycles of cycle_s; each sells wh, which arrive from load_s on at these rates in turn."""

    cycles: int
    cycle_s: float
    wh: int
    load_s: float
    rates: tuple[float, ...]  # pulses of 1 Wh per second, for `part` pulses each
    part: int

    def pulses(self) -> list[tuple[float, int]]:
        """Return (ns from the start, level) of the S0 output."""
        made = []
        for cycle in range(self.cycles):
            at = cycle * self.cycle_s * S + self.load_s * S
            for number in range(self.wh):
                made += [(at, 0), (at + _PULSE_MS * MS, 1)]
                at += S / self.rates[number // self.part % len(self.rates)]
        return made

    def keys(self) -> list[tuple[float, str]]:
        """Return (ns from the start, key): the token of a cycle at 1 s, again during the load."""
        made = []
        for cycle in range(self.cycles):
            typed = token(cycle, self.wh) + "#"
            for begin in (1.0, self.load_s + 1):
                at = (cycle * self.cycle_s + begin) * S
                made += [(at + i * KEY_MS * MS, key) for i, key in enumerate(typed)]
        return made


HOUR = Plan(20, 180.0, 200, 25.0, (1, 2, 4, 8, 16, 0.5, 5, 10, 3, 1.5), 20)
SHORT = Plan(1, 34.0, 100, 17.0, (16, 8, 12), 40)


def token(number: int, wh: int) -> str:
    """Return the digits of the token with this number, from 0."""
    return vendor.credit(KEY, EA, _FIRST_TID + number, number % 16, wh // 100, 0, 255)
