"""The whole bench: station, broker, bus and boards, started in order and stopped in order."""

import asyncio
import os
import signal
import webbrowser
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tjugo.bench.boards import Boards
from tjugo.bench.broker import EmbeddedBroker
from tjugo.bench.bus import TOOL, Bus
from tjugo.bench.clock import SimClock
from tjugo.bench.control import HOST as CONTROL_HOST
from tjugo.bench.control import Control
from tjugo.bench.hub import Hub
from tjugo.bench.provision import provision
from tjugo.bench.state import claim, save_clock, saved_clock
from tjugo.bench.trace import COLLECTOR
from tjugo.errors import TjugoError
from tjugo.station.link.broker import Broker
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.operators.permissions import ADMINISTRATOR, visitor
from tjugo.station.setup.service import set_up
from tjugo.station.webhooks.sender import Sender
from tjugo.toolchain.micropython import find_micropython
from tjugo.toolchain.tools import REPO
from tjugo.web.serve import WebServer, listen

_START_S = 30.0  # longer than the slowest start
_TICK_S = 0.5
_SAVE_TICKS = 20

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """The options of `tjugo bench`."""

    state: Path
    meters: int = 2
    speed: int = 1
    collector: bool = True
    port: int = 0
    baudrate: int = 9600
    browser: bool = False
    role: str = ADMINISTRATOR


class Bench:
    """A running bench, made by `start`."""

    def __init__(self, options: Options, say: Say) -> None:
        self.options = options
        self.say = say
        self.stop = asyncio.Event()
        self.hub = Hub()
        self.clock = SimClock(options.speed, saved_clock(options.state))
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._controls: dict[str, Control] = {}

    async def start(self, stack: AsyncExitStack) -> None:
        """Start all parts, in the order in which they depend on each other."""
        sock = listen(self.options.port)
        stack.callback(sock.close)
        self.say("Looking for MicroPython")
        micropython = await asyncio.to_thread(find_micropython, self.say)
        self.say(f"Opening the station in {self.options.state}")
        self.station = set_up(self.options.state, clock=self.clock)
        stack.callback(self.station.close)
        stack.callback(lambda: save_clock(self.options.state, self.clock.unix()))
        self.broker = await stack.enter_async_context(EmbeddedBroker())
        self.plan = provision(self.station, self._plan_options(), self.broker.port)
        await self._start_boards(stack, micropython)
        self._start_station(stack, sock)
        await self._until_up()
        self._run(stack, "the clock", self._tick())

    def _plan_options(self) -> dict[str, Any]:
        same = ("meters", "collector", "baudrate")
        return {name: getattr(self.options, name) for name in same}

    async def _start_boards(self, stack: AsyncExitStack, micropython: list[str]) -> None:
        loop = asyncio.get_running_loop()
        plans = [*self.plan.meters, *([self.plan.collector] if self.plan.collector else [])]
        bus = Bus(
            [plan.name for plan in plans],
            baudrate=self.options.baudrate,
            on_frame=lambda frame: loop.call_soon_threadsafe(self.boards.frame, frame),
        )
        self.bus = bus
        self.boards = Boards(REPO, micropython, bus, self.clock, self.hub)
        stack.enter_context(bus)
        for plan in self.plan.meters:
            meter = self.boards.add_meter(plan)
            self._controls[plan.drn] = await stack.enter_async_context(Control(meter))
        if self.plan.collector:
            self.boards.add_collector(self.plan.collector)
        self.hub.put(COLLECTOR, self.boards.collector_state())
        self.boards.show_bus()
        self.boards.show_clock()
        self.say(f"Starting {len(plans)} boards on MicroPython")
        self._run(stack, "the boards", self._run_parts())

    async def _run_parts(self) -> None:
        async with asyncio.TaskGroup() as group:
            for part in self.boards.parts.values():
                group.create_task(part.run())

    def _start_station(self, stack: AsyncExitStack, sock: Any) -> None:
        from tjugo.bench.routes import bench_router  # slow to import, and needed from here on
        from tjugo.web.app import create_app

        self.link = MqttLink(self.station, Broker(self.broker.host, self.broker.port))
        self._run(stack, "the station's MQTT link", self.link.run())
        self._run(stack, "the sender of webhooks", Sender(self.station).run())
        app = create_app(
            self.station,
            lambda templates: bench_router(self.boards, templates),
            visitor=visitor(self.options.role, "bench", "Bench visitor"),
        )
        self.web = WebServer(app, sock)
        task = self._watch("the web server", self.web.run())
        stack.push_async_callback(self.web.stop, task)
        stack.callback(self.hub.close)

    async def _until_up(self) -> None:
        try:
            async with asyncio.timeout(_START_S):
                while missing := self._missing():
                    self._raise_ended()
                    if self.stop.is_set():
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise TjugoError(
                f"The bench did not come up: {missing}. "
                f"The boards' messages are in {self.plan.folder}/*.log."
            ) from None

    def _missing(self) -> str:
        """Return which part is not running yet, as text; empty when all are."""
        for part in self.boards.parts.values():
            if part.state != "running":
                return f"{part.name} is {part.state} {part.last_exit}".rstrip()
        for meter in self.boards.meters.values():
            if not meter.started:
                return f"{meter.drn} has not reported"
        if self.plan.collector and not self.boards.collector_state()["online"]:
            return "the collector is not connected to the broker"
        if not self.link.connected:
            return "the station is not connected to the broker"
        return "" if self.web.ready else "the web server is not ready"

    async def run(self) -> None:
        """Run until `stop` is set. Raise the error of a task that ends before."""
        stop = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait([stop, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        self._raise_ended()

    async def _tick(self) -> None:
        ticks = 0
        while True:
            self.boards.show_clock()
            ticks += 1
            if ticks % _SAVE_TICKS == 0:
                with suppress(TjugoError):  # a full disk; the next attempt may succeed
                    await asyncio.to_thread(save_clock, self.options.state, self.clock.unix())
            await asyncio.sleep(_TICK_S)

    def _watch(self, what: str, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(coroutine)
        self._tasks[task] = what
        return task

    def _run(self, stack: AsyncExitStack, what: str, coroutine: Coroutine[Any, Any, None]) -> None:
        stack.push_async_callback(_cancel, self._watch(what, coroutine))

    def _raise_ended(self) -> None:
        for task, what in self._tasks.items():
            if task.done():
                error = None if task.cancelled() else task.exception()
                if isinstance(error, TjugoError):
                    raise error
                raise TjugoError(f"The bench ended because {what} did: {error!r}.") from error

    def facts(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        parts = self.boards.parts
        meters = [
            {
                "drn": plan.drn,
                "address": plan.address,
                "control": f"tcp://{CONTROL_HOST}:{self._controls[plan.drn].port}",
                "customer": plan.customer,
                "pid": parts[plan.name].pid,
                "flash": str(plan.folder),
            }
            for plan in self.plan.meters
        ]
        collector = self.plan.collector
        return {
            "url": self.web.url,
            "broker": f"mqtt://{self.broker.host}:{self.broker.port}",
            "bus": self.bus.path(TOOL),
            "baudrate": self.options.baudrate,
            "meters": meters,
            "collector": None
            if collector is None
            else {
                "id": self.plan.collector_id,
                "pid": parts[COLLECTOR].pid,
                "flash": str(collector.folder),
            },
            "state": str(self.options.state),
            "pid": os.getpid(),
        }


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def run(options: Options, say: Say, up: Callable[[dict[str, Any]], None]) -> None:
    """Run a bench until SIGINT or SIGTERM. `up` is called with the facts once everything runs.

    Raise TjugoError when it cannot start, or when a part that cannot be restarted ends.
    """
    with claim(options.state):
        bench = Bench(options, say)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, bench.stop.set)
        async with AsyncExitStack() as stack:
            await bench.start(stack)
            if not bench.stop.is_set():
                up(bench.facts())
                if options.browser:
                    await asyncio.to_thread(webbrowser.open, bench.web.url)
            await bench.run()
            say("Stopping")
