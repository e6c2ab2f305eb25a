"""The file system on flash survives a power failure, also during a write."""

import random
import re

import pytest

from tjugo.device.remote import Remote
from tjugo.emulated import qemu_flash

CUTS = 12

# Writes successive generations of one file, each complete before it is renamed to the old name.
WRITER = """\
import os
def generation(n):
    return b'%08d' % n * 400
def write(n):
    with open('state.new', 'wb') as f:
        f.write(generation(n))
    os.rename('state.new', 'state')
def forever(n):
    while True:
        n += 1
        write(n)
        print('wrote', n)
"""
_WHOLE = re.compile(rb"(\d{8})\1{399}\Z")


def test_files_outlive_a_power_cut(own_board):
    with Remote(own_board.port) as remote:
        remote.put({"ledger/0": b"twenty digits"})
    own_board.kill()
    assert not own_board.running()
    own_board.start()
    with Remote(own_board.port) as remote:
        assert remote.get("ledger/0") == b"twenty digits"


def test_the_host_reads_what_the_board_wrote(own_board):
    with Remote(own_board.port) as remote:
        remote.put({"a/b/c": b"deep", "top": bytes(5000)})
    own_board.kill()
    assert qemu_flash.read_image(own_board.flash) == {"a/b/c": b"deep", "top": bytes(5000)}


def test_the_board_reads_what_the_host_made(emulator, tmp_path):
    from tjugo.emulated.qemu import QemuBoard

    files = {"a/b/c": b"deep", "top": bytes(5000)}
    qemu_flash.write_image(tmp_path / "flash", files)
    with QemuBoard(emulator, tmp_path / "flash") as running, Remote(running.port) as remote:
        assert {name: remote.get(name) for name in files} == files


@pytest.mark.long
def test_a_cut_while_writing_leaves_the_old_or_the_new(own_board):
    """Check after every power failure that the file is one complete generation."""
    moments = random.Random(1)
    known = 0
    for _ in range(CUTS):
        with Remote(own_board.port) as remote:
            remote.exec(WRITER)
            remote.start(f"forever({known})")
            for _ in range(moments.randint(1, 12)):
                known = int(remote.line().split()[1])
            own_board.kill()
        whole = _WHOLE.match(qemu_flash.read_image(own_board.flash)["state"])
        assert whole, "a torn generation is on the flash"
        assert int(whole.group(1)) >= known, "a generation that was reported is lost"
        known = int(whole.group(1))
        own_board.start()


def test_a_damaged_file_system_is_reported_and_kept(own_board):
    with Remote(own_board.port) as remote:
        remote.put({"evidence": b"do not format me"})
    own_board.kill()
    with own_board.flash.open("r+b") as image:
        content = bytearray(image.read(8192))
        for block in (0, 4096):  # the name stays, everything behind it does not
            content[block + 16 : block + 4096] = bytes(4080)
        image.seek(0)
        image.write(content)
    own_board.start()
    with Remote(own_board.port) as remote:
        assert "damaged" in remote.exec("import _boot")
    own_board.kill()
    assert own_board.flash.read_bytes()[:8192] == bytes(content)
