"""The boards of one bench: their processes, their state, and the actions on them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tjugo import numbers
from tjugo.bench import options, records, words
from tjugo.bench.bus import TOOL, Bus
from tjugo.bench.clock import SimClock
from tjugo.bench.hub import Hub
from tjugo.bench.line import Frame
from tjugo.bench.meters import BadCommand, Meter
from tjugo.bench.parts import Part, board_environment
from tjugo.bench.provision import BoardPlan, MeterPlan
from tjugo.bench.trace import COLLECTOR, Tracer

FASTEST = 3600
# More than the 192 KB that an RP2040 leaves to MicroPython: a simulated board compiles the sources
# in its heap and keeps their names, where a real one has linked, compiled files.
HEAP = "256k"
_BUS_SETTERS = {"noise": Bus.set_noise, "collisions": Bus.set_collisions}


class Boards:
    """All processes and meters by name: a meter's is its DRN, the collector's `collector`.

    Every change of state is put on the hub.
    """

    def __init__(
        self, root: Path, micropython: list[str], bus: Bus, clock: SimClock, hub: Hub
    ) -> None:
        self.hub = hub
        self.meters: dict[str, Meter] = {}
        self.parts: dict[str, Part] = {}
        self._root = root
        self._micropython = micropython
        self._bus = bus
        self._clock = clock
        self._tracer = Tracer()
        self._reading, self._writing = asyncio.Lock(), asyncio.Lock()
        self._collector: dict[str, Any] = {}

    def add_meter(self, plan: MeterPlan) -> Meter:
        """Add a meter, which is not running yet, and return it."""
        part = self._part(plan)
        meter = Meter(plan.drn, plan.address, plan.customer, part.send, part.power)
        meter.options = options.read(plan.folder)
        self.meters[plan.drn] = meter

        def show(state: dict[str, Any]) -> None:
            self.hub.put(f"meter:{plan.drn}", state)

        def change() -> None:
            meter.set_running(part.state == "running")
            self.hub.put(f"part:{plan.drn}", part.status())

        def take(message: dict[str, Any]) -> None:
            meter.take(message)
            change()

        meter.watchers.add(show)
        show(meter.state())
        part.on_message, part.on_change = take, change
        part.greeting = lambda: [*meter.greeting(), {"speed": self._clock.speed}]
        return meter

    def add_collector(self, plan: BoardPlan) -> None:
        """Add the collector, which is not running yet."""
        part = self._part(plan)

        def change() -> None:
            self.hub.put(f"part:{COLLECTOR}", part.status())
            self.hub.put(COLLECTOR, self.collector_state())

        def take(message: dict[str, Any]) -> None:
            if "hello" in message:
                self._collector = {}
            self._collector.update(message.get("report", {}))
            if "safe" in (selftest := message.get("selftest", {})):
                self._collector["safe"] = words.crash(selftest)[0]
            change()

        part.on_message, part.on_change = take, change
        part.greeting = lambda: [{"speed": self._clock.speed}]

    def collector_state(self) -> dict[str, Any]:
        """Return the state of the collector for its card on the page."""
        part = self.parts.get(COLLECTOR)
        running = part is not None and part.state == "running"
        report = self._collector
        online = running and bool(report.get("online"))
        trouble = (
            report.get("safe")
            or report.get("error")
            or (not online and report.get("broker"))
            or ""
        )
        answering = report.get("meters", {}).values()
        facts = (
            f"{sum(answering)} of {len(answering)} meters answer, "
            f"{report.get('jobs', 0)} waiting, "
            f"{report.get('polls', 0)} polls, {report.get('timeouts', 0)} without an answer"
        )
        text = "online" if online else "connecting" if running else "not running"
        text = "safe mode" if running and report.get("safe") else text
        if part is None:
            text, facts = "none", "The bus is free for another program."
        return {"online": online, "text": text, "facts": trouble or facts}

    def _part(self, plan: BoardPlan) -> Part:
        program = self._root / "boards" / "common" / plan.program / "main.py"
        part = Part(
            name=plan.name,
            argv=[*self._micropython, "-X", f"heapsize={HEAP}", str(program)],
            folder=plan.folder,
            environment=board_environment(
                self._root, self._bus.path(plan.name), self._clock.speed
            ),
            log=plan.folder.parent / f"{plan.folder.name}.log",
            before_start=lambda: self._before_start(part),
        )
        self.parts[plan.name] = part
        return part

    def _before_start(self, part: Part) -> None:
        self._bus.reset(part.name)
        if part.name in self.meters:
            part.environment["TJUGO_UNIX"] = str(int(self._clock.unix()))

    # Actions of the page and of tests. KeyError: no such board. BadCommand: an invalid command.

    def command(self, drn: str, message: Any) -> None:
        """Carry out a command of a meter: keys, or its surroundings (meters.py)."""
        self.meters[drn].command(message)

    async def set_options(self, drn: str, given: Any) -> None:
        """Write options to a meter's settings (options.py), and restart it."""
        meter, part = self.meters[drn], self.parts[drn]
        checked = options.checked(given)
        async with self._writing:
            await asyncio.to_thread(options.write, part.folder, checked)
        meter.set_options(options.read(part.folder))
        part.restart()

    async def records(self, drn: str) -> records.Records:
        """Return what a meter has recorded, read over the bus; takes seconds. Raise TjugoError."""
        meter = self.meters[drn]
        path, baudrate = self._bus.path(TOOL), self._bus.line.baudrate
        async with self._reading:  # the bus has one place for a tool
            return await asyncio.to_thread(records.read, path, meter.address, baudrate)

    def kill(self, part: str) -> None:
        """Kill a board's process with SIGKILL; it is restarted."""
        if not self.parts[part].kill():
            raise BadCommand(f"{part} is not running now")

    def set_speed(self, speed: Any) -> None:
        """Set the speed of supply time for all parts of the bench."""
        if not isinstance(speed, int) or isinstance(speed, bool) or not 1 <= speed <= FASTEST:
            raise BadCommand(f"the speed must be a whole number from 1 to {FASTEST}")
        self._clock.speed = speed
        for part in self.parts.values():
            part.environment["TJUGO_SPEED"] = str(speed)
            part.send({"speed": speed})
        self.show_clock()

    def set_bus(self, settings: Any) -> None:
        """Set `{"noise": bit error rate}` and `{"collisions": share of transmissions}`."""
        if not isinstance(settings, dict) or not settings or set(settings) - set(_BUS_SETTERS):
            raise BadCommand('the bus has the settings "noise" and "collisions"')
        for name, value in settings.items():
            try:
                _BUS_SETTERS[name](self._bus, float(numbers.json_decimal(value)))
            except ValueError as error:
                raise BadCommand(f"{name}: {error}") from error
        self.show_bus(settings)

    def show_bus(self, settings: dict[str, Any] | None = None) -> None:
        """Put the bus and its settings on the hub."""
        state = {"noise": self._bus.noise, "collisions": self._bus.collisions}
        facts = {"path": self._bus.path(TOOL), "baudrate": self._bus.line.baudrate}
        self.hub.put("bus", {**facts, **state, **(settings or {})})

    def show_clock(self) -> None:
        """Put supply time on the hub."""
        now = datetime.fromtimestamp(int(self._clock.unix()), UTC)
        text = now.strftime("%Y-%m-%d %H:%M:%S")
        self.hub.put("clock", {"text": text, "speed": self._clock.speed})

    def frame(self, frame: Frame) -> None:
        """Add a frame to the trace."""
        self.hub.add_frame(self._tracer.line(frame))
