"""Power failures while tokens are entered and energy is counted: kills.py with fewer of them."""

import os

import kills
import pytest

KILLS = int(os.environ.get("KILLS", "20"))
SEED = 7


@pytest.mark.long
def test_no_token_is_lost_or_doubled(emulator, tmp_path):
    tally = kills.run(emulator, tmp_path, KILLS, SEED)
    print(tally.line())
    assert tally.faults == []
    assert tally.kills == KILLS and tally.accepted >= KILLS and tally.unread > 0


def test_a_torn_slot_is_seen_as_one():
    whole = bytearray(kills.SLOT_BYTES)
    assert not kills.whole(bytes(whole[:100]) + b"\1" + bytes(155))
    end = kills.SLOT_BYTES - 4
    whole[:4] = b"\0\2\0\0"
    whole[end:] = kills.zlib.crc32(whole[:end]).to_bytes(4, "big")
    assert kills.whole(bytes(whole))
