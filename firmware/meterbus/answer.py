"""The proof of a token's result: what a meter signs, and what the station checks.

    mac = the first 8 bytes of HMAC(HMAC(K, LABEL), message), with HMAC-SHA-256

K is the decoder key that the meter has once the token is executed: the new one with the Accept
that ends a key change, which so proves that the meter has it, and the key that decrypted the token
in all other cases. The digits are part of the message: without them somebody on the wire could get
another token accepted under the reference, such as a test token, for which no key is needed.
"""

import struct

LABEL = b"tjugo token answer 1"
MAC_BYTES = 8


def message(drn, digits, ref, result, credit_wh, sequence):
    """Return the bytes that are signed.

    drn, digits: texts. ref, sequence: u32. result: TokenResult. credit_wh: s32, after the token.
    """
    head = struct.pack(">IHiI", ref, result, credit_wh, sequence)
    return head + ("%s/%s" % (digits, drn)).encode()
