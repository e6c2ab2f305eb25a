"""The wiring of the emulated Pico's pins: driven levels, recorded edges, contacts.

Every time is emulated, in ns since the emulator started. The time of an edge is the start of the
instruction that caused it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from rp2040py.gpio_pin import GPIOPinState
from rp2040py.rp2040 import RP2040

_LEVELS = {GPIOPinState.LOW: 0, GPIOPinState.HIGH: 1}

Edge = tuple[float, int, int | None]  # time, GPIO, level; None: the board no longer drives it


class Pins:
    """The outside of the chip's 30 GPIOs."""

    def __init__(self, mcu: RP2040) -> None:
        self._mcu = mcu
        self._edges: list[Edge] = []
        self._watched: dict[int, Callable[[], None]] = {}
        self._contacts: dict[tuple[int, int], list[Callable[[], None]]] = {}
        self._outside: dict[int, int | None] = {}
        self._players: list[object] = []  # the clock holds an alarm only while it is scheduled

    def level(self, gpio: int) -> int | None:
        """Return the level that the board drives the pin to; None for an input."""
        return _LEVELS.get(self._mcu.gpio[gpio].value)

    def drive(self, gpio: int, level: int | None) -> None:
        """Drive an input from outside; None leaves it to its pull resistor."""
        # Setting the present level again would raise another edge interrupt in the emulator.
        if self._outside.get(gpio) == level:
            return
        self._outside[gpio] = level
        if level is None:
            self._mcu.gpio[gpio].release_input()
        else:
            self._mcu.gpio[gpio].set_input_value(bool(level))

    def play(
        self,
        gpio: int,
        steps: Iterable[tuple[float, int | None]],
        trigger: int | None = None,
        start: float | None = None,
    ) -> float:
        """Drive an input through steps (ns after the previous step, level). Return the time, ns.

        trigger: a pin at whose next change the steps begin. start: the time when, if not now.
        """
        return self._play(steps, lambda level: self.drive(gpio, level), trigger, start)

    def press(
        self,
        first: int,
        second: int,
        steps: Iterable[tuple[float, bool]],
        trigger: int | None = None,
        start: float | None = None,
    ) -> float:
        """Open and close a contact through steps, like play."""
        closes = partial(self.contact, first, second)
        return self._play(steps, lambda closed: closes(bool(closed)), trigger, start)

    def _play(
        self,
        steps: Iterable[tuple[float, Any]],
        put: Callable[[Any], None],
        trigger: int | None,
        start: float | None,
    ) -> float:
        left = deque(steps)
        stops: list[Callable[[], None]] = []

        def step() -> None:
            for stop in stops:  # not in begin: a pin's listeners may not remove themselves
                stop()
            put(left.popleft()[1])
            if left:
                alarm.schedule(left[0][0])

        def begin() -> None:
            if left and len(left) == total:
                alarm.schedule(left[0][0] + wait)

        total = len(left)
        now = float(self._mcu.clock.nanos)
        wait = 0.0 if start is None else max(0.0, start - now)
        alarm = self._mcu.clock.create_alarm(step)
        self._players.append(alarm)
        if trigger is None:
            begin()
        else:
            stops.append(self._listen(trigger, begin))
        return now

    def watch(self, gpios: Iterable[int]) -> None:
        """Record the changes of these pins from now on, and of no others."""
        for stop in self._watched.values():
            stop()
        self._edges.clear()
        self._watched = {gpio: self._listen(gpio, self._record(gpio)) for gpio in set(gpios)}

    def edges(self) -> list[Edge]:
        """Return the edges recorded since the last call, in order."""
        taken, self._edges = self._edges, []
        return taken

    def contact(self, first: int, second: int, closed: bool) -> None:
        """Close or open a switch between two pins, like a key in a matrix: they share a level.

        If two contacts have different levels the low one wins, as with an open drain.
        """
        pair = (min(first, second), max(first, second))
        if closed and pair not in self._contacts:
            self._contacts[pair] = [self._listen(gpio, self._settle) for gpio in pair]
        elif not closed:
            for stop in self._contacts.pop(pair, []):
                stop()
        self._settle()
        if not closed:
            for gpio in pair:
                if not any(gpio in other for other in self._contacts):
                    self.drive(gpio, None)

    def _settle(self) -> None:
        driven: dict[int, list[int]] = {}
        for pair in self._contacts:
            for here, there in (pair, pair[::-1]):
                level = self.level(there)
                driven.setdefault(here, []).extend([] if level is None else [level])
        for gpio, levels in driven.items():
            self.drive(gpio, min(levels) if levels and self.level(gpio) is None else None)

    def _record(self, gpio: int) -> Callable[[], None]:
        return lambda: self._edges.append((self._mcu.clock.nanos, gpio, self.level(gpio)))

    def _listen(self, gpio: int, changed: Callable[[], None]) -> Callable[[], None]:
        stop: Callable[[], None] = self._mcu.gpio[gpio].add_listener(lambda _new, _old: changed())
        return stop
