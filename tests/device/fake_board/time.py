"""A fake `time` that the test advances."""

now_ms = [0]
unix = [0]


def ticks_ms():
    return now_ms[0] & 0x3FFFFFFF


def ticks_diff(a, b):
    return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000


def ticks_add(a, b):
    return (a + b) & 0x3FFFFFFF


periodic = []  # (ms, function): a timer calls the function every so many ms


def sleep_ms(ms):
    for _ in range(ms):
        now_ms[0] += 1
        for period, function in periodic:
            if now_ms[0] % period == 0:
                function()


def time():
    return unix[0]


def gmtime(seconds):
    assert seconds == 0 or seconds > 0
    return (2026, 5, 4, 3, 2, 1, 0, 124)
