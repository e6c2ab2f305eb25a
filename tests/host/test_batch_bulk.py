"""Campaigns with numpy: the same digits as the portable code for thousands of random tokens."""

import random

import pytest

from sts_portable import amount, crc, dkga, ea, pan, sta, vendor
from sts_portable.errors import StsError
from tjugo.benchmarks.bulk import bulk_dkga04_ea07
from tjugo.benchmarks.registry import BENCHMARKS
from tjugo.sts import bulk

np = pytest.importorskip("numpy", reason="numpy is not installed")
rng = random.Random(41)
COUNT = 3000


def some_pans(count):
    sizes = [(10, 12)[rng.randrange(2)] for _ in range(count)]
    return [pan.pan_from_drn(pan.with_check(f"{rng.randrange(10**n):0{n}d}")) for n in sizes]


def odd(vk):
    return bytes(byte ^ (byte.bit_count() + 1 & 1) for byte in vk)


CAMPAIGNS = [
    bulk.Campaign("04", rng.randbytes(20), 2, 123457, 1, 1, "14"),
    bulk.Campaign("04", rng.randbytes(20), 1, 1, 99, 9, "35", 1),
    bulk.Campaign("04", rng.randbytes(20), 0, 999999, 0, 3, "93", 3),
    bulk.Campaign("02", odd(rng.randbytes(8)), 2, 123456, 7, 2, "93", 2),
    bulk.Campaign("02", b"\xab" * 8, 1, 0, 0, 1, "14"),
]


@pytest.mark.parametrize(
    "campaign", CAMPAIGNS, ids=lambda c: f"DKGA{c.dkga} KT{c.kt} {c.subclass}"
)
def test_the_portable_digits(campaign):
    c = campaign
    pans = some_pans(COUNT)
    tids = [rng.randrange(1, 1 << 24) for _ in pans]
    rnds = [rng.randrange(16) for _ in pans]
    tenths = [
        rng.choice((rng.randrange(200000), rng.randrange(amount.MAX_TENTHS + 1))) for _ in pans
    ]
    made = bulk.make_credit(c, pans, tids, rnds, tenths)
    for i, number in enumerate(pans):
        key = dkga.decoder_key(c.dkga, c.vk, number, c.kt, c.sgc, c.ti, c.krn, c.bdt, 7)
        assert made[i] == vendor.credit(key, 7, tids[i], rnds[i], tenths[i], c.subclass)


def test_more_than_a_chunk_and_none_at_all():
    pans = some_pans(1) * 9000
    made = bulk.make_credit(CAMPAIGNS[0], pans, range(1, 9001), [3] * 9000, [200] * 9000)
    one = bulk.make_credit(CAMPAIGNS[0], pans[:1], [9000], [3], [200])
    assert (len(made), len(set(made)), made[-1]) == (9000, 9000, one[0])
    assert bulk.make_credit(CAMPAIGNS[0], [], [], [], []) == []


def test_every_amount_near_the_ends_of_the_ranges():
    ends = [0, 16383, 16384, 180214, 180215, 180223, 180224, 1818524, 1818525, 1818623, 1818624]
    amounts = [n + d for n in ends for d in range(12)] + list(
        range(amount.MAX_TENTHS - 2000, 18201625)
    )
    assert bulk.amount_codes(amounts).tolist() == [amount.encode(n) for n in amounts]


def test_other_tables():
    tables = bytes(
        rng.sample(range(16), 16) + rng.sample(range(16), 16) + rng.sample(range(64), 64)
    )
    keys = [rng.randbytes(8) for _ in range(200)]
    blocks = [rng.randbytes(8) for _ in range(200)]

    def packed(rows):
        return np.frombuffer(b"".join(rows), ">i8").astype(np.int64)

    try:
        sta.set_tables(tables)
        found = bulk.sta_encrypt(packed(keys), packed(blocks)).astype(">i8").tobytes()
        assert found == b"".join(ea.encrypt(7, *pair) for pair in zip(keys, blocks, strict=True))
    finally:
        sta.set_tables()


def test_the_check_field():
    blocks = bulk.clear_blocks(2, [0x72E218], [5], [1820440])
    block = int(blocks[0]).to_bytes(8, "big")
    assert block.hex() == "2572e218c0024380" and crc.matches(0, block)


GOOD = some_pans(1)[0]
WRONG = [
    ([GOOD[:-1] + str((int(GOOD[-1]) + 1) % 10)], [1], [1], [1], "MeterPAN"),
    (["60072700000000000"], [1], [1], [1], "MeterPAN"),
    (["6007270000000000x9"], [1], [1], [1], "MeterPAN"),
    ([GOOD, "x" * 17 + "é"], [1, 1], [1, 1], [1, 1], "MeterPAN"),
    ([GOOD], [0], [1], [1], "TID is outside 1 to 16777215"),
    ([GOOD], [1 << 24], [1], [1], "TID"),
    ([GOOD], [1], [16], [1], "random number"),
    ([GOOD], [1], [1], [amount.MAX_TENTHS + 1], "amount"),
    ([GOOD], [1], [1], [-1], "amount"),
    ([GOOD, GOOD], [1], [1], [1], "amounts differ"),
]


@pytest.mark.parametrize(("pans", "tids", "rnds", "tenths", "words"), WRONG, ids=range(len(WRONG)))
def test_one_wrong_row_makes_none(pans, tids, rnds, tenths, words):
    with pytest.raises(StsError, match=words):
        bulk.make_credit(CAMPAIGNS[0], pans, tids, rnds, tenths)


def test_what_it_is_not_for():
    for campaign in (
        bulk.Campaign("04", bytes(20), 3, 1, 1, 1, "14"),
        bulk.Campaign("03", bytes(16), 2, 1, 1, 1, "14"),
        bulk.Campaign("04", bytes(20), 2, 1, 1, 1, "14", 4),
        bulk.Campaign("04", bytes(19), 2, 1, 1, 1, "14"),
        bulk.Campaign("02", bytes(8), 2, 1, 1, 1, "14"),
    ):
        with pytest.raises(StsError):
            bulk.make_credit(campaign, [GOOD], [1], [1], [1])


def test_the_benchmark_is_on_the_list_and_counts(monkeypatch):
    monkeypatch.setattr(
        "tjugo.benchmarks.bulk.calls_per_second", lambda function: function() and 2.0
    )
    assert BENCHMARKS["sts.bulk.dkga04_ea07"].function is bulk_dkga04_ea07
    assert bulk_dkga04_ea07().value == 2 * 8192


def test_the_vending_key_is_not_in_its_text():
    assert CAMPAIGNS[0].vk.hex() not in repr(CAMPAIGNS[0])
    assert repr(CAMPAIGNS[0].vk) not in repr(CAMPAIGNS[0])
