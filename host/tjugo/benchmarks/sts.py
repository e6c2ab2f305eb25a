"""STS on the host: how many tokens a second one core makes and reads.

Machines differ, so each rate also says how many reference calls (an HMAC-SHA-256 of 64 bytes) the
same machine would have made at that moment in the time of one.
"""

import hmac
from collections.abc import Callable

from sts_portable import decoder, dkga, token
from tjugo.benchmarks.registry import Figure, benchmark, calls_per_second, host

_PAN = "600727000000000009"
_SGC, _TI, _KRN, _KT = "123457", "01", 1, 2
_VK = {"02": bytes.fromhex("ab" * 8), "04": bytes.fromhex("ab" * 10 + "49" * 6 + "01234567")}
_VALUES = {"rnd": 5, "tid": 0x600123, "amount": 200}


def _key(family: str, ea: int) -> bytes:
    return dkga.decoder_key(family, _VK[family], _PAN, _KT, _SGC, _TI, _KRN, "14", ea)


def _rate(function: Callable[[], object]) -> Figure:
    reference = calls_per_second(lambda: hmac.digest(_VK["04"], bytes(64), "sha256"))
    rate = calls_per_second(function)
    return Figure(round(rate, 1), {**host(), "hmacs": round(reference / rate, 1)})


def _vend(family: str, ea: int) -> Figure:
    return _rate(lambda: token.make(0, 0, _key(family, ea), ea, **_VALUES))


@benchmark("sts.vend.dkga02_ea07", "tokens/s")
def vend_dkga02_ea07() -> Figure:
    """Derive the decoder key, then make one credit token."""
    return _vend("02", 7)


@benchmark("sts.vend.dkga04_ea07", "tokens/s")
def vend_dkga04_ea07() -> Figure:
    """Derive the decoder key, then make one credit token."""
    return _vend("04", 7)


@benchmark("sts.vend.dkga04_ea11", "tokens/s")
def vend_dkga04_ea11() -> Figure:
    """Derive the decoder key, then make one credit token."""
    return _vend("04", 11)


def _decode(ea: int) -> Figure:
    key = decoder.KeyState(_key("04", ea), ea)
    meter = decoder.Decoder(key, decoder.TidStore())
    digits = token.make(0, 0, key.key, ea, **_VALUES)
    return _rate(lambda: meter.check(digits))


@benchmark("sts.decode.ea07.host", "tokens/s")
def decode_ea07() -> Figure:
    """A meter's whole check of one credit token, its key at hand."""
    return _decode(7)


@benchmark("sts.decode.ea11.host", "tokens/s")
def decode_ea11() -> Figure:
    """A meter's whole check of one credit token, its key at hand."""
    return _decode(11)
