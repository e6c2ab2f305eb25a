"""Campaigns on the host: tokens per second, all of them for different meters."""

from sts_portable import pan
from tjugo.benchmarks.reference import hmacs_per_second
from tjugo.benchmarks.registry import Figure, Skip, benchmark, calls_per_second, host
from tjugo.sts import bulk

_TOKENS = 8192
_VK = bytes.fromhex("ab" * 10 + "49" * 6 + "01234567")


@benchmark("sts.bulk.dkga04_ea07", "tokens/s")
def bulk_dkga04_ea07() -> Figure:
    """Derive each meter's decoder key and make one credit token for it, with numpy."""
    if not bulk.available():
        raise Skip("campaigns need numpy, which is not installed")
    campaign = bulk.Campaign("04", _VK, 2, 123457, 1, 1, "14")
    pans = [pan.pan_from_drn(pan.with_check(f"01{n:08d}")) for n in range(_TOKENS)]
    tids, rnds, tenths = range(1500, 1500 + _TOKENS), [5] * _TOKENS, range(1, 1 + _TOKENS)
    reference = hmacs_per_second()
    calls = calls_per_second(lambda: bulk.make_credit(campaign, pans, tids, rnds, tenths))
    rate = calls * _TOKENS
    context = {**host(), "tokens_a_call": _TOKENS, "hmacs": round(reference / rate, 1)}
    return Figure(round(rate, 1), context)
