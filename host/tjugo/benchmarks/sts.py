"""STS on the host: the tokens per second that one core makes and decodes, and the code size.

Rates are measured with the functions that the station registers, one call per token. "hmacs" is
the time of one token in calls of the reference kernel (reference.py).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sts_portable import decoder, dkga, vendor
from tjugo import sts_fast
from tjugo.benchmarks.reference import hmacs_per_second
from tjugo.benchmarks.registry import Figure, benchmark, calls_per_second, host
from tjugo.device.mpy import compile_file
from tjugo.toolchain.tools import MPY_CROSS_VERSION, REPO

_PAN = "600727000000000009"
_SGC, _TI, _KRN, _KT = "123457", "01", 1, 2
_VK = {"02": bytes.fromhex("ab" * 8), "04": bytes.fromhex("ab" * 10 + "49" * 6 + "01234567")}
_TID, _RND, _TENTHS = 0x600123, 5, 200

# The modules that a meter imports; amount converts the field to energy.
METER_EA07 = (
    "__init__ errors results crc packed layouts digits limits token ea sta sta_rounds decoder"
    " amount"
).split()
METER_ALL = [*METER_EA07, "misty1"]


def _key(family: str, ea: int) -> bytes:
    return dkga.decoder_key(family, _VK[family], _PAN, _KT, _SGC, _TI, _KRN, "14", ea)


@contextmanager
def _as_the_station() -> Iterator[None]:
    sts_fast.register()
    try:
        yield
    finally:
        sts_fast.unregister()


def _rate(function: Callable[[], object]) -> Figure:
    with _as_the_station():
        reference = hmacs_per_second()
        rate = calls_per_second(function)
    return Figure(round(rate, 1), {**host(), "hmacs": round(reference / rate, 1)})


def _vend(family: str, ea: int) -> Figure:
    return _rate(lambda: vendor.credit(_key(family, ea), ea, _TID, _RND, _TENTHS))


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
    digits = vendor.credit(key.key, ea, _TID, _RND, _TENTHS)
    return _rate(lambda: meter.check(digits))


@benchmark("sts.decode.ea07.host", "tokens/s")
def decode_ea07() -> Figure:
    """Check one credit token as a meter does, with the decoder key available."""
    return _decode(7)


@benchmark("sts.decode.ea11.host", "tokens/s")
def decode_ea11() -> Figure:
    """Check one credit token as a meter does, with the decoder key available."""
    return _decode(11)


def mpy_bytes(modules: list[str]) -> int:
    """Return the size of the .mpy files, bytecode, of these modules of sts_portable."""
    folder = REPO / "sts_portable"
    return sum(len(compile_file(folder / f"{m}.py", f"sts_portable.{m}")) for m in modules)


@benchmark("sts.mpy_bytes.ea07", "bytes")
def mpy_bytes_ea07() -> Figure:
    """Measure the part of sts_portable that a meter with EA07 stores."""
    return Figure(mpy_bytes(METER_EA07), {"mpy_cross": MPY_CROSS_VERSION})


@benchmark("sts.mpy_bytes.all", "bytes")
def mpy_bytes_all() -> Figure:
    """Measure the part of sts_portable that a meter with EA07 and EA11 stores."""
    return Figure(mpy_bytes(METER_ALL), {"mpy_cross": MPY_CROSS_VERSION})
