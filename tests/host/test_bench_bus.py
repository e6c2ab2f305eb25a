"""The simulated bus on real ptys. Waits for expected bytes; asserts nothing about their timing."""

import os
import select
import time
from contextlib import ExitStack

import pytest

from tjugo.bench.bus import TOOL, Bus

DEADLINE_S = 10


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


def start(stack, **options):
    frames = []
    bus = stack.enter_context(Bus(["a", "b"], on_frame=frames.append, **options))
    ends = {}
    for name in ("a", "b", TOOL):
        ends[name] = os.open(bus.path(name), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        stack.callback(os.close, ends[name])
    return bus, ends, frames


def read(end, size):
    """Return `size` bytes, or fewer when they do not arrive in time."""
    data = b""
    until = time.monotonic() + DEADLINE_S
    while len(data) < size and select.select([end], [], [], until - time.monotonic())[0]:
        data += os.read(end, size - len(data))
    return data


def wait_for(condition):
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def test_everybody_but_the_talker_hears_all_bytes_as_they_are(stack):
    _, ends, frames = start(stack, baudrate=115200)
    everything = bytes(range(256))
    os.write(ends["a"], everything)
    assert read(ends["b"], 256) == everything
    assert read(ends[TOOL], 256) == everything
    assert select.select([ends["a"]], [], [], 0)[0] == []
    wait_for(lambda: frames)
    assert [(frame.drop, frame.data) for frame in frames] == [("a", everything)]


def test_bytes_are_paced_at_the_baud_rate(stack):
    _, ends, frames = start(stack, baudrate=9600)
    begun = time.monotonic_ns()
    os.write(ends["a"], bytes(50))
    assert read(ends["b"], 50) == bytes(50)
    on_the_wire = 50 * 11 * 10**9 // 9600
    assert time.monotonic_ns() - begun >= on_the_wire - 10**6  # never faster, however busy
    wait_for(lambda: frames)
    assert frames[0].end - frames[0].start == pytest.approx(on_the_wire, abs=50)


def test_a_tool_talks_as_well(stack):
    _, ends, _ = start(stack)
    os.write(ends[TOOL], b"who is there")
    assert read(ends["a"], 12) == b"who is there"
    assert read(ends["b"], 12) == b"who is there"


def test_forced_collisions_garble(stack):
    bus, ends, frames = start(stack)
    bus.set_collisions(1.0)
    wait_for(lambda: bus.collisions == 1.0)
    os.write(ends["a"], bytes(40))
    assert read(ends["b"], 40) != bytes(40)
    wait_for(lambda: any(frame.collided for frame in frames))
    bus.set_collisions(0)
    wait_for(lambda: bus.collisions == 0)


def test_noise_is_switched_on_and_off_again(stack):
    bus, ends, _ = start(stack, baudrate=115200)
    bus.set_noise(0.2)
    wait_for(lambda: bus.noise == 0.2)
    os.write(ends["a"], bytes(100))
    assert read(ends["b"], 100) not in (bytes(100), b"")
    bus.set_noise(0)
    wait_for(lambda: bus.noise == 0)
    os.write(ends["a"], b"clean")
    assert read(ends["b"], 5) == b"clean"
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        bus.set_noise(2)


def test_the_device_outlives_its_board_and_a_new_one_finds_it_empty(stack):
    bus, ends, _ = start(stack, baudrate=115200)
    first = os.open(bus.path("b"), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    os.close(first)
    os.write(ends["a"], b"for nobody")
    assert read(ends[TOOL], 10) == b"for nobody"
    bus.reset("b")
    os.write(ends["a"], b"fresh")
    assert read(ends[TOOL], 5) == b"fresh"
    assert read(ends["b"], 5) == b"fresh"


def test_what_a_missing_tool_did_not_read_is_not_there_when_it_comes(stack):
    bus, ends, _ = start(stack, baudrate=115200)
    drop, discarded = bus._drops[TOOL], []
    flush = drop.flush

    def counted():
        discarded.append(drop.waiting())
        flush()

    drop.flush = counted
    os.write(ends["a"], b"long ago")
    wait_for(lambda: sum(discarded) == 8)  # the system hands on what was written in its own time
    os.write(ends["a"], b"now")
    assert read(ends[TOOL], 3) == b"now"


def test_nothing_is_left_open():
    before = set(os.listdir("/proc/self/fd"))
    with Bus(["a", "b"]) as bus:
        path = bus.path("a")
        assert os.path.exists(path)
    assert set(os.listdir("/proc/self/fd")) == before


def test_what_a_tool_is_reading_is_not_discarded():
    bus = Bus(["a"])
    tool = bus._drops[TOOL]
    end = os.open(tool.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tool.write(b"ab")
        wait_for(lambda: tool.waiting() == 2)
        bus._tidy(1.0)
        assert os.read(end, 2) == b"ab"
        tool.write(b"cd")
        wait_for(lambda: tool.waiting() == 2)
        bus._tidy(2.0)  # as many bytes wait as before, but others
        assert tool.waiting() == 2
        bus._tidy(3.0)
        wait_for(lambda: tool.waiting() == 0)
    finally:
        os.close(end)
        tool.close()
        bus._drops["a"].close()
