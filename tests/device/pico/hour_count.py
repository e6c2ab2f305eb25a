"""What is counted in the long run on the emulated Pico, and what it has to be."""

from dataclasses import dataclass, field

from display_chips import OledChip
from hour_plan import CLOSE, MS, OPEN, Plan, S, token

# A picture that stays so long is complete: eight pages, of one every 25 ms. A reply on the bus is
# a pause of 120 ms.
_STILL_NS = 200 * MS
_PROGRESS_X = 90  # what is to the right of it is the number of digits
_LONGEST_MS = 100  # the timer's function waits until a collection of garbage ends
_GROWTH_BYTES = 1024
_FEW_REPORTS = 50


@dataclass
class Count:
    """What was counted."""

    seconds: float = 0.0
    transfers: int = 0
    pictures: list[tuple[str, ...]] = field(default_factory=list)
    coils: list[tuple[float, int, int | None]] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    lowest_free: int = 0
    polls: int = 0
    crashes: int = 0
    keyed: int = 0
    pulses_in: int = 0
    pulses_counted: int = 0
    credit: int | None = None

    def digits(self) -> list[str]:
        """Return the digits of all pictures of an entry, without those of a repeated picture."""
        return [rows[1] for rows in self.pictures if rows[0].startswith("Token")]

    def shown(self, text: str) -> int:
        """Return how many pictures have the text in large letters."""
        return sum(text in rows[1:] for rows in self.pictures)

    def pulse_ms(self) -> list[float]:
        """Return the lengths of the coils' pulses; raise AssertionError if both were on."""
        began: dict[int, float] = {}
        made = []
        for when, gpio, level in self.coils:
            if level == 1:
                assert not began, f"both coils at {when / S:.3f} s"
                began[gpio] = when
            elif gpio in began:
                made.append((when - began.pop(gpio)) / MS)
        assert not began, "a coil has current at the end"
        return made

    def grown(self) -> int:
        """Return the growth of the heap in use from the warm state to the end, bytes; 0 if short.

        The first token and the first messages keep some memory for good.
        """
        reports = len(self.used)
        if reports < _FEW_REPORTS:
            return 0
        return max(self.used[reports * 9 // 10 :]) - max(self.used[: reports // 5])

    def line(self) -> str:
        lengths = self.pulse_ms()
        return (
            f"{self.seconds:.0f} s of the emulated clock: {self.transfers} transfers to the "
            f"display, {len(self.pictures)} pictures; {len(self.digits())} digits shown, "
            f"{self.keyed} keys pressed, "
            f"{self.shown('Accepted')} tokens accepted, {self.shown('Used')} refused; "
            f"{len(lengths)} coil pulses of {min(lengths, default=0):.2f} to "
            f"{max(lengths, default=0):.2f} ms, never both; {self.pulses_in} S0 pulses in, "
            f"{self.pulses_counted} counted; {self.polls} polls of the bus; lowest free heap "
            f"{self.lowest_free} bytes, grown by {self.grown()}; {self.crashes} crashes"
        )


class Picture:
    """The display's memory by what it received, read as text when it is still."""

    def __init__(self) -> None:
        self._chip = OledChip()
        self._at: float | None = None

    def take(self, transfers: list[tuple[float, bytes]], now: float) -> list[tuple[str, ...]]:
        """Take transfers up to `now`. Return the pictures that were complete, as rows of text."""
        made = []
        for when, data in [*transfers, (now, b"")]:
            if self._at is not None and when - self._at >= _STILL_NS:
                made.append(self._rows())
                self._at = None
            if data:
                self._chip.take(data)
                self._at = when
        return made

    def _rows(self) -> tuple[str, ...]:
        chip = self._chip
        top = chip.text(0, 1, 0, _PROGRESS_X)
        if top in ("Token", "#enter"):
            return ("Token", "".join(chip.text(16 * i, 2) for i in (1, 2, 3)).replace(" ", ""))
        return (top, *(self._either(8 * page) for page in ((1, 4, 6) if top else (1, 4))))

    def _either(self, row: int) -> str:
        """Return the text at a row, in large letters if they are, else in small ones."""
        try:
            return self._chip.text(row, 2)
        except (AssertionError, KeyError):
            return self._chip.text(row, 1)


def failures(plan: Plan, count: Count) -> list[str]:
    """Return what is not as planned, nothing if all is."""
    typed = [token(cycle, plan.wh) for cycle in range(plan.cycles)]
    shown = [whole[:end] for whole in typed for _ in range(2) for end in range(1, 21)]
    lengths = count.pulse_ms()
    rules = {
        "digits on the display": count.digits() == shown,
        "tokens accepted": count.shown("Accepted") >= plan.cycles,
        "tokens refused": count.shown("Used") >= plan.cycles,
        "coil pulses": len(lengths) == 2 * plan.cycles,
        "coils in turn": [gpio for _when, gpio, level in count.coils if level == 1]
        == [CLOSE, OPEN] * plan.cycles,
        "length of a coil's pulse": all(50 <= length < _LONGEST_MS for length in lengths),
        "S0 pulses": count.pulses_counted == count.pulses_in == plan.cycles * plan.wh,
        "credit": count.credit == 0,
        "heap": bool(count.used) and count.grown() <= _GROWTH_BYTES,
        "crashes": count.crashes == 0,
    }
    return [name for name, holds in rules.items() if not holds]
