"""The simulated RS-485 bus: one pty per drop, and a thread that paces the bytes between them.

line.py has the timing and the electrical behaviour; this file has the file descriptors.
"""

import fcntl
import os
import queue
import selectors
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass

from tjugo.bench.line import Frame, Frames, Heard, Line, share

TOOL = "tool"  # the drop kept free for any Modbus program
_LUMP_NS = 2_000_000  # characters are delivered in portions of this duration: fewer wake-ups
_HOUSEKEEPING_S = 0.25
_UNREAD_LIMIT = 512  # a board that leaves more than this unread is not reading


@dataclass
class Drop:
    """A pty. The bus keeps `slave` open as well, so that the pty outlives a board that is
    killed."""

    name: str
    master: int
    slave: int
    path: str
    unread: int = 0  # bytes that waited when the bus looked last,
    delivered: int = 0  # and those that came since

    @classmethod
    def open(cls, name: str) -> "Drop":
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        return cls(name, master, slave, os.ttyname(slave))

    def waiting(self) -> int:
        """Return the number of bytes that the board has not read yet."""
        return int(struct.unpack("i", fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4)))[0])

    def write(self, data: bytes) -> None:
        if self.waiting() > _UNREAD_LIMIT:
            self.flush()
        try:
            self.delivered += os.write(self.master, data)
        except BlockingIOError:
            self.flush()

    def read(self) -> bytes:
        try:
            return os.read(self.master, 1024)
        except BlockingIOError:
            return b""

    def flush(self) -> None:
        """Discard the bytes that were not read."""
        termios.tcflush(self.slave, termios.TCIFLUSH)
        self.unread = self.delivered = 0

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)


class Bus:
    """The bus as a context manager: `with Bus(["collector", ...]) as bus: bus.path("collector")`.

    `on_frame` is called from the bus thread with each line.Frame.
    """

    def __init__(
        self,
        names: list[str],
        baudrate: int = 9600,
        seed: int = 1,
        on_frame: Callable[[Frame], object] | None = None,
    ) -> None:
        self.line = Line(baudrate, seed)
        self._frames = Frames(self.line.character_ns)
        self._on_frame = on_frame or (lambda frame: None)
        self._drops = {name: Drop.open(name) for name in [*names, TOOL]}
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        self._stopping = False
        self._tidy_at = 0.0
        self._thread = threading.Thread(target=self._run, name="rs485", daemon=True)

    def __enter__(self) -> "Bus":
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stopping = True
        os.write(self._wake_write, b"x")
        self._thread.join()
        for drop in self._drops.values():
            drop.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def path(self, name: str) -> str:
        """Return the device that the board on this drop opens as its UART."""
        return self._drops[name].path

    @property
    def noise(self) -> float:
        return self.line.noise.rate

    @property
    def collisions(self) -> float:
        return self.line.collision_rate

    def set_noise(self, rate: float) -> None:
        """Set the bit errors per bit, 0 to 0.5. Raise ValueError otherwise."""
        share(rate, 0.5)
        self._call(lambda: setattr(self.line.noise, "rate", rate))

    def set_collisions(self, rate: float) -> None:
        """Set the share of transmissions that collide, 0 to 1. Raise ValueError otherwise."""
        share(rate)
        self._call(lambda: setattr(self.line, "collision_rate", rate))

    def reset(self, name: str) -> None:
        """Discard what a restarting board had not sent or read, as with a real UART."""

        def forget() -> None:
            self.line.drop_queue(name)
            self._drops[name].flush()

        self._call(forget)

    def _call(self, task: Callable[[], None]) -> None:
        self._tasks.put(task)
        os.write(self._wake_write, b"x")

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_read, selectors.EVENT_READ, None)
            for drop in self._drops.values():
                selector.register(drop.master, selectors.EVENT_READ, drop)
            while not self._stopping:
                events = selector.select(self._timeout())
                now = time.monotonic_ns()
                for key, _ in events:
                    if key.data is None:
                        os.read(self._wake_read, 64)
                    else:
                        self.line.send(now, key.data.name, key.data.read())
                while not self._tasks.empty():
                    self._tasks.get()()
                self._hand_over(now)
                self._tidy(now / 1e9)

    def _timeout(self) -> float:
        now = time.monotonic_ns()
        end = self.line.next_end()
        if end is not None:
            return max(0, max(end, now + _LUMP_NS) - now) / 1e9
        silence = self._frames.next_silence()
        if silence is not None:
            return max(0, silence - now) / 1e9
        return _HOUSEKEEPING_S

    def _hand_over(self, now: int) -> None:
        heard = self.line.take(now)
        if heard:
            for drop in self._drops.values():
                data = bytes(item.byte for item in heard if _hears(drop, item))
                if data:
                    drop.write(data)
        for frame in self._frames.feed(heard) + self._frames.idle(now):
            self._on_frame(frame)

    def _tidy(self, now_s: float) -> None:
        """Discard frames that no tool reads: a tool that connects later must not receive old
        frames."""
        if now_s < self._tidy_at:
            return
        self._tidy_at = now_s + _HOUSEKEEPING_S
        tool = self._drops[TOOL]
        waiting = tool.waiting()
        nothing_read = waiting >= tool.unread + tool.delivered
        if tool.unread and nothing_read:
            tool.flush()
        else:
            tool.unread, tool.delivered = waiting, 0


def _hears(drop: Drop, item: Heard) -> bool:
    return drop.name != item.drop and drop.name not in item.deaf
