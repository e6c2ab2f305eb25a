"""The RS-485 line: who transmits when, and what the others receive. No clock, file or thread.

Times are integer nanoseconds of one monotonic clock and are passed as arguments.
"""

import heapq
import math
import random
from dataclasses import dataclass

BITS_PER_CHARACTER = 11  # start, 8 data, parity or a second stop bit, stop: 8E1 and 8N2 alike
SILENCE_CHARACTERS = 3.5  # ends a Modbus RTU frame
JAMMER = "collision"  # the drop that transmits in simulated collisions


def share(value: float, most: float = 1.0) -> float:
    """Return the value if it is in 0..most. Raise ValueError otherwise."""
    if not 0.0 <= value <= most:
        raise ValueError(f"must be between 0 and {most:g}")
    return value


@dataclass(frozen=True)
class Heard:
    """A character as the line carried it. `deaf` are the drops that were transmitting
    themselves."""

    start: int
    end: int
    drop: str
    byte: int
    collided: bool
    deaf: frozenset[str] = frozenset()


class Noise:
    """A source of bit errors at `rate` errors per bit, with its own seeded generator."""

    def __init__(self, generator: random.Random) -> None:
        self._random = generator
        self._rate = 0.0
        self._bits_left = 0

    @property
    def rate(self) -> float:
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._rate = share(rate, 0.5)
        self._bits_left = self._distance()

    def pass_through(self, byte: int) -> int:
        """Return the byte as received after eight bits on the line."""
        if self._rate == 0.0:
            return byte
        while self._bits_left < 8:
            byte ^= 1 << self._bits_left
            self._bits_left += 1 + self._distance()
        self._bits_left -= 8
        return byte

    def _distance(self) -> int:
        """Return the number of good bits before the next bad one: a geometric distribution, one
        draw per error."""
        if self._rate == 0.0:
            return 0
        return int(math.log(1.0 - self._random.random()) / math.log(1.0 - self._rate))


class Line:
    """A half-duplex line: characters follow at the baud rate, simultaneous transmitters garble
    each other."""

    def __init__(self, baudrate: int = 9600, seed: int = 1) -> None:
        if not 300 <= baudrate <= 1_000_000:
            raise ValueError("the baud rate must be between 300 and 1000000")
        self.baudrate = baudrate
        self.character_ns = BITS_PER_CHARACTER * 1_000_000_000 // baudrate
        self._random = random.Random(seed)
        self.noise = Noise(self._random)
        self.collision_rate = 0.0  # the share of transmissions that collide
        self._queue: list[tuple[int, int, int, str, int]] = []
        self._order = 0
        self._talking: dict[str, list[list[int]]] = {}

    def send(self, now: int, drop: str, data: bytes) -> None:
        """Add `data` to the drop's UART at `now`; it follows what that UART still holds."""
        if not data:
            return
        idle = not self._queue
        end = self._put(now, drop, data)
        if idle and self._random.random() < self.collision_rate:
            start = self._random.randrange(now, max(now + 1, end - self.character_ns))
            self._put(start, JAMMER, self._random.randbytes(self._random.randint(2, 6)))

    def next_end(self) -> int | None:
        """Return when the next character is complete; None on a silent line."""
        return self._queue[0][0] if self._queue else None

    def take(self, now: int) -> list[Heard]:
        """Return all characters complete by `now`, in the order of their ends."""
        heard = []
        while self._queue and self._queue[0][0] <= now:
            end, _, start, drop, byte = heapq.heappop(self._queue)
            deaf = self._talkers(start, end)
            collided = len(deaf) > 1
            byte = self._random.randrange(256) if collided else self.noise.pass_through(byte)
            heard.append(Heard(start, end, drop, byte, collided, deaf))
        if heard:
            self._forget(heard[-1].start - self.character_ns)
        return heard

    def drop_queue(self, drop: str) -> None:
        """Discard what a drop had not sent yet: its board lost power."""
        self._queue = [entry for entry in self._queue if entry[3] != drop]
        heapq.heapify(self._queue)
        self._talking.pop(drop, None)

    def _put(self, now: int, drop: str, data: bytes) -> int:
        spans = self._talking.setdefault(drop, [])
        start = now
        if spans and spans[-1][1] >= now:
            start = spans[-1][1]
        else:
            spans.append([start, start])
        for byte in data:
            self._order += 1
            end = start + self.character_ns
            heapq.heappush(self._queue, (end, self._order, start, drop, byte))
            start = end
        spans[-1][1] = start
        return start

    def _talkers(self, start: int, end: int) -> frozenset[str]:
        return frozenset(
            drop
            for drop, spans in self._talking.items()
            if any(span[0] < end and span[1] > start for span in spans)
        )

    def _forget(self, before: int) -> None:
        for drop in list(self._talking):
            spans = [span for span in self._talking[drop] if span[1] > before]
            if spans:
                self._talking[drop] = spans
            else:
                del self._talking[drop]


@dataclass(frozen=True)
class Frame:
    """The characters between two silences, sent by `drop`, or by several (`collided`)."""

    start: int
    end: int
    drop: str
    data: bytes
    collided: bool


class Frames:
    """An assembler of characters into frames, which end by 3.5 characters of silence or with
    another transmitter."""

    def __init__(self, character_ns: int) -> None:
        self.silence_ns = int(SILENCE_CHARACTERS * character_ns)
        self._parts: list[Heard] = []
        self._end = 0

    def feed(self, heard: list[Heard]) -> list[Frame]:
        """Return the frames that ended before or within these characters."""
        frames = []
        for item in heard:
            if self._parts and self._is_new(item):
                frames.append(self._close())
            self._parts.append(item)
            self._end = max(self._end, item.end)
        return frames

    def idle(self, now: int) -> list[Frame]:
        """Return the frame that the silence until `now` has ended, if any."""
        if self._parts and now - self._end >= self.silence_ns:
            return [self._close()]
        return []

    def next_silence(self) -> int | None:
        return self._end + self.silence_ns if self._parts else None

    def _is_new(self, item: Heard) -> bool:
        if item.start - self._end >= self.silence_ns:
            return True
        last = self._parts[-1]
        return item.drop != last.drop and not (item.collided or last.collided)

    def _close(self) -> Frame:
        parts, self._parts, self._end = self._parts, [], 0
        talkers = sorted({part.drop for part in parts})
        return Frame(
            start=parts[0].start,
            end=max(part.end for part in parts),
            drop="+".join(talkers),
            data=bytes(part.byte for part in parts),
            collided=any(part.collided for part in parts),
        )
