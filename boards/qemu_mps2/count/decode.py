# The decoding of a credit token in a meter, from digits to result.
from counter import measure

from sts_portable import results
from sts_portable.decoder import Decoder, KeyState, TidStore

# From STS 531-1's compliance tokens, in tests/host/vectors: EA, decoder key, token.
_TOKENS = (
    (7, "e653341f9d5bf36f", "30887474010690906780"),  # 02_CTSA22 step 9
    (11, "f94b6ed353c3bfdb113e2d3a7ea3c41d", "32272089791250978565"),  # 04_CTSA10 step 8
)


def meter(ea, key, digits):
    """Return a function that checks these digits with a decoder of this key."""
    decoder = Decoder(KeyState(bytes.fromhex(key), ea=ea), TidStore())

    def decode():
        result, _ = decoder.check(digits)
        if result != results.ACCEPT:
            raise ValueError("%s was refused: %d" % (digits, result))

    return decode


for ea, key, digits in _TOKENS:
    measure("sts.decode.ea%02d" % ea, meter(ea, key, digits))
