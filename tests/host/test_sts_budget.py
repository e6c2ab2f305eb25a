"""The budget of the package on a board: heap for one decode, bytes of .mpy."""

import subprocess

import pytest

from tjugo.benchmarks import sts

# Prints, for EA07 and EA11, the heap bytes that the second check of a credit token allocates.
SCRIPT = """\
import gc
from sts_portable import decoder, token
for ea, size in ((7, 8), (11, 16)):
    key = bytes(range(size))
    meter = decoder.Decoder(decoder.KeyState(key, ea), decoder.TidStore())
    digits = token.make(0, 0, key, ea, tid=5000, amount=200)
    assert meter.check(digits)[0] == 1
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    meter.check(digits)
    print(gc.mem_alloc() - before)
    gc.enable()
"""


def test_heap_of_one_decode(micropython_runtime, micropython, micropython_env, tmp_path):
    if micropython_runtime.bits != 32:
        pytest.skip("a 64-bit MicroPython hides what a board allocates for large integers")
    script = tmp_path / "heap.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [*micropython, str(script)],
        env=micropython_env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ea07, ea11 = map(int, done.stdout.split())
    assert ea07 <= 1024
    assert ea11 <= 2048


def test_mpy_bytes_of_a_meter():
    assert sts.mpy_bytes(sts.METER_EA07) <= 12 * 1024
    assert sts.mpy_bytes(sts.METER_ALL) <= 15 * 1024


LOADED = """\
import sys
import sts_portable.decoder
print(" ".join(sorted(name[13:] for name in sys.modules if name.startswith("sts_portable."))))
"""


def test_a_meter_loads_nothing_of_what_a_point_of_sale_needs(micropython, micropython_env):
    done = subprocess.run(
        [*micropython, "-c", LOADED],
        env=micropython_env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    wanted = {*sts.METER_EA07} - {"__init__", "sta", "sta_rounds", "amount"}
    assert done.stdout.split() == sorted(wanted), done.stdout + done.stderr


def test_a_meter_needs_no_other_file(repo, micropython, micropython_env, tmp_path):
    """Decode a token and apply a set of key-change tokens with the modules above only."""
    package = tmp_path / "sts_portable"
    package.mkdir()
    for module in sts.METER_ALL:
        (package / f"{module}.py").write_text((repo / f"sts_portable/{module}.py").read_text())
    script = tmp_path / "meter.py"
    script.write_text(
        "from sts_portable.decoder import Decoder, KeyState, TidStore\n"
        "meter = Decoder(KeyState(bytes.fromhex('e653341f9d5bf36f')), TidStore())\n"
        "print(meter.check('30887474010690906780')[0])\n"
        "meter.key.key, meter.key.ea = bytes(16), 11\n"
        "print(meter.check('30887474010690906780')[0])\n"
    )
    done = subprocess.run(
        [*micropython, str(script)],
        env={**micropython_env, "MICROPYPATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["1", "13"], done.stdout + done.stderr
