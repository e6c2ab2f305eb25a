"""The bytes of an order, computed with Python's hmac from docs/wire.md alone."""

import hmac
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "portable"))

from check_meter_orders import EXPECTED, VECTORS


def mac(key: bytes, label: bytes, text: bytes) -> bytes:
    return hmac.digest(hmac.digest(key, label, "sha256"), text, "sha256")[:8]


@pytest.mark.parametrize(("vector", "expected"), list(zip(VECTORS, EXPECTED, strict=True)))
def test_the_vectors_are_those_of_hmac(vector, expected):
    key, drn, sequence, expires, kind, body, result = vector
    order = sequence.to_bytes(4, "big") + expires.to_bytes(4, "big") + bytes([kind])
    order += bytes.fromhex(body)
    text, secret = drn.encode() + b"/" + order, bytes.fromhex(key)
    signed = order + mac(secret, b"tjugo order 1", text)
    proof = mac(secret, b"tjugo order answer 1", text + result.to_bytes(2, "big"))
    assert expected == f"{signed.hex()} {proof.hex()}"
