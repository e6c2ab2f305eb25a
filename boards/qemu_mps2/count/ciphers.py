# The decryption of one block with each encryption algorithm, including the key schedule; an HMAC.
from counter import measure

from sts_portable import ea
from sts_portable.hmac import hmac_sha256

_BLOCK = bytes.fromhex("aca659f6c8576a9c")
_KEYS = (
    (7, bytes.fromhex("e653341f9d5bf36f")),
    (9, bytes.fromhex("e653341f9d5bf36f")),
    (11, bytes.fromhex("d9369ce0db5ad87871529ae570766a64")),
)

for code, key in _KEYS:
    measure("sts.cipher.ea%02d" % code, lambda code=code, key=key: ea.decrypt(code, key, _BLOCK))

# A meter signs the result of a token with two of them.
measure("sts.hmac_sha256", lambda: hmac_sha256(_KEYS[0][1], _BLOCK * 6))
