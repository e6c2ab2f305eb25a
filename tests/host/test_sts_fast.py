"""The registered fast functions have the same results as the portable ones."""

import hashlib
import hmac
import random

import pytest
from Crypto.Cipher import DES

from sts_portable import dea, dkga, ea, sta, sta_wide, token
from tjugo import sts_fast

rng = random.Random(20)


def pairs(count, key_bytes=8):
    return [(rng.randbytes(key_bytes), rng.randbytes(8)) for _ in range(count)]


@pytest.fixture
def fast():
    sts_fast.register()
    yield
    sts_fast.unregister()


def test_wide_sta_is_sta():
    for key, block in pairs(500):
        assert sta_wide.encrypt(key, block) == sta.encrypt(key, block)
        assert sta_wide.decrypt(key, block) == sta.decrypt(key, block)


def test_wide_sta_follows_other_tables():
    key, block = pairs(1)[0]
    before = sta_wide.encrypt(key, block)
    tables = bytes(rng.sample(range(16), 16) + rng.sample(range(16), 16))
    try:
        sta.set_tables(tables + bytes(rng.sample(range(64), 64)))
        for key2, block2 in pairs(50):
            assert sta_wide.encrypt(key2, block2) == sta.encrypt(key2, block2)
            assert sta_wide.decrypt(key2, block2) == sta.decrypt(key2, block2)
        assert sta_wide.encrypt(key, block) != before
    finally:
        sta.set_tables()
    assert sta_wide.encrypt(key, block) == before


def test_portable_des_is_des():
    for key, block in pairs(200):
        cipher = DES.new(key, DES.MODE_ECB).encrypt(block)
        assert dea.encrypt(key, block) == cipher
        assert dea.decrypt(key, cipher) == block


def test_portable_hmac_is_hmac():
    for size in (0, 1, 20, 63, 64):
        key, text = rng.randbytes(size), rng.randbytes(size * 3)
        assert dkga.hmac_sha256(key, text) == hmac.digest(key, text, hashlib.sha256)


def derived_and_made():
    out = []
    for n in range(20):
        vk2, vk4 = b"\xab" * 8, bytes(range(n, n + 20))
        for family, vk, algorithm in (("02", vk2, 7), ("02", vk2, 9), ("04", vk4, 11)):
            key = dkga.decoder_key(
                family, vk, "600727000000000009", 2, n, n, 1 + n % 9, "14", algorithm
            )
            digits = token.make(0, 0, key, algorithm, rnd=n % 16, tid=5000 + n, amount=n)
            out.append((key, digits, token.decode(digits, key, algorithm).value))
    return out


def test_tokens_are_the_same(fast):
    with_fast = derived_and_made()
    assert ea.encrypt(7, bytes(8), bytearray(8)) == sta.encrypt(bytes(8), bytes(8))
    sts_fast.unregister()
    assert derived_and_made() == with_fast


def test_register_and_unregister(monkeypatch, fast):
    calls = []
    monkeypatch.setattr(sta_wide, "encrypt", lambda key, block: calls.append(key) or bytes(8))
    sts_fast.register()
    ea.encrypt(7, bytes(8), bytes(8))
    assert len(calls) == 1
    sts_fast.unregister()
    ea.encrypt(7, bytes(8), bytes(8))
    assert len(calls) == 1
