"""Child processes of the bench: the boards. They are started, read from, restarted and ended."""

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tjugo import foreign_json

_LINE_LIMIT = 1 << 20
_STOP_S = 1.5  # for each of: end of input, SIGTERM, SIGKILL
_HEALTHY_S = 20.0  # after running this long, the next restart is at once again
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.3, 10.0


@dataclass
class Part:
    """A board as a process. `on_message` is called with each JSON line that the board prints."""

    name: str
    argv: list[str]
    folder: Path
    environment: dict[str, str]
    log: Path
    on_message: Callable[[dict[str, Any]], None] = lambda message: None
    on_change: Callable[[], None] = lambda: None
    before_start: Callable[[], None] = lambda: None
    greeting: Callable[[], list[dict[str, Any]]] = list

    state: str = "starting"  # starting, running, restarting, off, stopped
    restarts: int = 0
    last_exit: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    _process: Process | None = None
    _powered: asyncio.Event = field(default_factory=asyncio.Event)
    _ordered: bool = False  # the present run is ended on purpose

    def __post_init__(self) -> None:
        self._powered.set()

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process."""
        return self._process.pid if self._process else None

    def status(self) -> dict[str, Any]:
        """Return the state of this process for the page."""
        return {
            "name": self.name,
            "pid": self.pid,
            "state": self.state,
            "restarts": self.restarts,
            "last_exit": self.last_exit,
            "micropython": self.versions.get("micropython", ""),
            **{key: self.memory.get(key) for key in ("used", "free", "lowest_free")},
        }

    def send(self, message: dict[str, Any]) -> bool:
        """Write a JSON line to the board's standard input. Return False when the board is not
        running."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return False
        process.stdin.write(json.dumps(message).encode() + b"\n")
        return True

    def kill(self) -> bool:
        """Kill the process with SIGKILL, as a power failure would. Return False when there is
        none."""
        if self._process is None:
            return False
        self._process.kill()
        return True

    def restart(self) -> None:
        """Cut the power for a moment; the board starts again at once."""
        if self._process is not None:
            self._ordered = True
            self._process.kill()

    def power(self, on: bool) -> None:
        """Switch the power of the board on or off."""
        if on:
            self._powered.set()
        else:
            self._powered.clear()
            self.restart()

    async def run(self) -> None:
        """Keep the board running until the task is cancelled; then end it."""
        delay = _FIRST_DELAY_S
        loop = asyncio.get_running_loop()
        try:
            while True:
                if not self._powered.is_set():
                    self._changed("off")
                    await self._powered.wait()
                started = loop.time()
                await self._run_once()
                if self._ordered:
                    self._ordered = False
                    self._changed("starting")
                    continue
                if loop.time() - started > _HEALTHY_S:
                    delay = _FIRST_DELAY_S
                self.restarts += 1
                self._changed("restarting")
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY_S)
        finally:
            await self._end()
            self._changed("stopped")

    async def _run_once(self) -> None:
        self.before_start()
        with self.log.open("ab") as log:
            self._process = process = await asyncio.create_subprocess_exec(
                *_bound_to_parent(self.argv),
                cwd=self.folder,
                env=self.environment,
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                limit=_LINE_LIMIT,
                process_group=0,  # Ctrl-C is for the bench, which then stops its parts in order
            )
        for message in self.greeting():
            self.send(message)
        await self._listen(process)
        code = await process.wait()
        self._process = None
        self.last_exit = _exit_text(code)

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than any message: noise from a dying board
                continue
            if not line:
                return
            try:
                message = foreign_json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if "hello" in message:
            self.versions, self.memory = message["hello"], {}
            self._changed("running")
        if "mem" in message:
            self.memory = message["mem"]
        self.on_message(message)

    def _changed(self, state: str) -> None:
        self.state = state
        self.on_change()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None or process.stdin is None:
            return
        for step in (process.stdin.close, process.terminate, process.kill):
            try:
                step()
                await asyncio.wait_for(process.wait(), _STOP_S)
                return
            except ProcessLookupError:
                return
            except TimeoutError:
                continue


def _bound_to_parent(argv: list[str]) -> list[str]:
    """Return argv of a process that ends with the bench.

    The end of its input ends a board; where setpriv is installed, the kernel also ends a board
    that does not respond.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *argv] if setpriv else argv


def _exit_text(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def board_environment(root: Path, uart: str, speed: int) -> dict[str, str]:
    """Return the environment of a simulated board (boards/simulated/README.md)."""
    path = [".frozen", root, root / "firmware", root / "boards" / "simulated"]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "MICROPYPATH": ":".join(map(str, path)),
        "TJUGO_UART": uart,
        "TJUGO_SPEED": str(speed),
    }
