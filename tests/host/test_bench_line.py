"""The pure core of the simulated bus, under a clock that the test sets."""

import pytest

from meterbus import crc
from tjugo.bench.line import JAMMER, Frames, Line
from tjugo.bench.trace import Tracer

FAR = 10**12  # later than anything these tests send


def said(heard):
    return bytes(item.byte for item in heard)


def test_a_character_takes_eleven_bit_times():
    line = Line(9600)
    line.send(0, "a", b"\x01\x02")
    assert line.next_end() == line.character_ns == 11 * 10**9 // 9600
    assert line.take(line.character_ns - 1) == []
    assert said(line.take(line.character_ns)) == b"\x01"
    assert said(line.take(2 * line.character_ns)) == b"\x02"
    assert line.next_end() is None


def test_a_second_write_follows_the_first_without_a_gap():
    line = Line(9600)
    line.send(0, "a", b"xy")
    line.send(10, "a", b"z")
    heard = line.take(FAR)
    assert said(heard) == b"xyz"
    assert [item.start for item in heard] == [i * line.character_ns for i in range(3)]


def test_talking_one_after_the_other_is_heard_as_sent():
    line = Line(9600)
    line.send(0, "a", b"hello")
    line.send(5 * line.character_ns, "b", b"world")
    heard = line.take(FAR)
    assert said(heard) == b"helloworld"
    assert not any(item.collided for item in heard)


def test_two_at_once_garble_what_overlaps_and_only_that():
    line = Line(9600)
    line.send(0, "a", bytes(20))
    line.send(10 * line.character_ns, "b", bytes(20))
    heard = line.take(FAR)
    of_a = [item for item in heard if item.drop == "a"]
    of_b = [item for item in heard if item.drop == "b"]
    assert [item.collided for item in of_a] == [False] * 10 + [True] * 10
    assert [item.collided for item in of_b] == [True] * 10 + [False] * 10
    assert said(of_a[:10]) == bytes(10) and said(of_b[10:]) == bytes(10)
    assert said(of_a[10:]) != bytes(10)


def test_who_talks_hears_nothing():
    line = Line(9600)
    line.send(0, "a", b"12")
    line.send(line.character_ns, "b", b"34")
    deaf = [item.deaf for item in line.take(FAR)]
    assert deaf[0] == {"a"}
    assert deaf[-1] == {"b"}
    assert all(both == {"a", "b"} for both in deaf[1:-1])


def test_the_same_seed_gives_the_same_noise_and_another_seed_another():
    def noisy(seed):
        line = Line(9600, seed)
        line.noise.rate = 0.01
        line.send(0, "a", bytes(500))
        return said(line.take(FAR))

    assert noisy(7) == noisy(7)
    assert noisy(7) != noisy(8)


def test_noise_flips_about_as_many_bits_as_its_rate_says():
    line = Line(9600, seed=3)
    line.noise.rate = 0.01
    line.send(0, "a", bytes(10_000))
    flipped = sum(bin(byte).count("1") for byte in said(line.take(FAR)))
    assert 600 < flipped < 1000  # 800 expected, standard deviation 28
    line.noise.rate = 0
    line.send(FAR, "a", bytes(1000))
    assert said(line.take(2 * FAR)) == bytes(1000)


def test_forced_collisions_hit_every_transmission_at_rate_one_and_none_at_zero():
    line = Line(9600)
    for rate, expected in ((0.0, 0), (1.0, 50)):
        line.collision_rate = rate
        hit = 0
        for i in range(50):
            line.send(FAR * (i + 1), "a", bytes(8))
            hit += any(item.collided for item in line.take(FAR * (i + 2) - 1))
        assert hit == expected
        line = Line(9600)


def test_a_board_without_power_sends_no_more():
    line = Line(9600)
    line.send(0, "a", bytes(10))
    line.take(3 * line.character_ns)
    line.drop_queue("a")
    assert line.take(FAR) == []
    line.send(5 * line.character_ns, "b", b"free")
    assert said(line.take(FAR)) == b"free"


@pytest.mark.parametrize("rate", [-0.1, 0.6, float("nan")])
def test_a_bit_error_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        Line(9600).noise.rate = rate


def test_frames_end_with_three_and_a_half_characters_of_silence():
    line = Line(9600)
    frames = Frames(line.character_ns)
    line.send(0, "a", b"one")
    line.send(6 * line.character_ns, "a", b"two")  # three characters of silence: the same frame
    line.send(13 * line.character_ns, "a", b"three")  # four: another
    found = frames.feed(line.take(FAR)) + frames.idle(FAR)
    assert [frame.data for frame in found] == [b"onetwo", b"three"]


def test_the_frame_is_complete_only_after_the_silence():
    line = Line(9600)
    frames = Frames(line.character_ns)
    line.send(0, "a", b"one")
    assert frames.feed(line.take(FAR)) == []
    silent_at = 3 * line.character_ns + frames.silence_ns
    assert frames.next_silence() == silent_at
    assert frames.idle(silent_at - 1) == []
    assert [frame.data for frame in frames.idle(silent_at)] == [b"one"]
    assert frames.next_silence() is None


def test_another_talker_begins_another_frame_and_a_collision_is_one():
    line = Line(9600)
    frames = Frames(line.character_ns)
    line.send(0, "a", b"ask")
    line.send(4 * line.character_ns, "b", b"answer")
    line.send(FAR, "a", bytes(4))
    line.send(FAR + line.character_ns, "b", bytes(4))
    found = frames.feed(line.take(3 * FAR)) + frames.idle(3 * FAR)
    assert [(frame.drop, frame.collided) for frame in found] == [
        ("a", False),
        ("b", False),
        ("a+b", True),
    ]


def modbus(data):
    frame = bytearray(data) + bytearray(2)
    value = crc.crc16(frame, 0, len(data))
    frame[-2:] = bytes((value & 0xFF, value >> 8))
    return bytes(frame)


def traced(*talks):
    """Return lines of the trace for (drop, bytes) sent one after the other."""
    line, tracer = Line(9600), Tracer()
    frames = Frames(line.character_ns)
    found = []
    for i, (drop, data) in enumerate(talks):
        line.send(FAR * (i + 1), drop, data)
        found += frames.feed(line.take(FAR * (i + 2) - 1)) + frames.idle(FAR * (i + 2) - 1)
    return [tracer.line(frame) for frame in found]


def test_the_trace_tells_requests_replies_and_damage():
    request = modbus(b"\x05\x04\x10\x00\x00\x02")
    reply = modbus(b"\x05\x04\x04\x00\x00\x12\x67")
    lines = traced(("collector", request), ("meter", reply), ("meter", reply[:-1]))
    assert [line["kind"] for line in lines] == ["request", "reply", "damaged"]
    assert "0x1000" in lines[0]["text"]
    assert "energy_wh=4711" in lines[1]["text"]
    assert lines[1]["from"] == "meter"
    assert bytes.fromhex(lines[1]["hex"]) == reply


def test_the_trace_survives_a_frame_that_is_too_short_for_its_function():
    for size in range(1, 6):
        lines = traced(("tool", modbus(b"\x05\x10\x10\x00\x00"[:size])))
        assert len(lines) == 1 and lines[0]["text"]


def test_the_jammer_is_named_in_the_trace():
    line = Line(9600)
    frames, tracer = Frames(line.character_ns), Tracer()
    line.collision_rate = 1.0
    line.send(0, "a", bytes(30))
    found = frames.feed(line.take(FAR)) + frames.idle(FAR)
    assert any(JAMMER in tracer.line(frame)["from"] for frame in found)
    assert any(tracer.line(frame)["kind"] == "collision" for frame in found)
