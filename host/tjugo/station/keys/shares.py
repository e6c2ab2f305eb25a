"""Recovery shares of the data key: Shamir's scheme, any `needed` of them give the key.

The data key has 32 bytes, the field of the scheme is GF(2^128): each half is shared by itself. A
share is text to be printed:

    tjugo-share-1 a1b2c3d4 2 1 <64 hex digits in groups of 8> <4 hex digits>

the set, how many shares are needed, the number of this share, its content, and a check value of
all that, so that a mistyped share is found by itself.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from Crypto.Protocol.SecretSharing import Shamir

from tjugo.errors import TjugoError, reason
from tjugo.sealed_keys import DATA_KEY_BYTES, Sealed

FORM = "tjugo-share-1"
MOST = 16
_HALF = DATA_KEY_BYTES // 2
_GROUP = 8
_WORDS = 4 + 2 * DATA_KEY_BYTES // _GROUP + 1


@dataclass(frozen=True)
class Share:
    """A share. number: 1 or more; content: 32 bytes."""

    share_set: str
    needed: int
    number: int
    content: bytes

    def text(self) -> str:
        """Return the share as it is printed."""
        digits = self.content.hex()
        groups = [digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)]
        words = [FORM, self.share_set, str(self.needed), str(self.number), *groups]
        return " ".join([*words, _check(words)])


def split(data_key: bytes, needed: int, of: int) -> list[Share]:
    """Return a new set of shares. Raise TjugoError for impossible numbers."""
    if not 2 <= needed <= of <= MOST:
        raise TjugoError(f"At least 2 of at most {MOST} shares: not {needed} of {of}.", 2)
    share_set = secrets.token_hex(4)
    low = Shamir.split(needed, of, data_key[:_HALF])
    high = Shamir.split(needed, of, data_key[_HALF:])
    return [
        Share(share_set, needed, number, one + two)
        for (number, one), (_, two) in zip(low, high, strict=True)
    ]


def parse(text: str) -> Share:
    """Return a share as it was typed. Raise TjugoError."""
    words = text.lower().split()
    if len(words) != _WORDS or words[0] != FORM:
        raise _invalid(f"A share has {_WORDS} words, of which the first is {FORM}.")
    if _check(words[:-1]) != words[-1]:
        raise _invalid("A share is mistyped: its last four digits do not fit to the others.")
    try:
        needed, number = int(words[2]), int(words[3])
        return Share(words[1], needed, number, bytes.fromhex("".join(words[4:-1])))
    except ValueError:
        raise _invalid("A share has hex digits in groups.") from None


def combine(shares: Sequence[Share], sealed: Sealed) -> bytes:
    """Return the data key that the shares give. Raise TjugoError when they are too few, of
    different sets, or not of this key file."""
    found = {share.number: share for share in shares}
    first = shares[0]
    if any(share.share_set != first.share_set for share in shares):
        raise _invalid("The shares are not of one set.")
    if len(found) < first.needed:
        raise _invalid(f"{first.needed} different shares are needed, not {len(found)}.")
    some = list(found.values())[: first.needed]
    data_key = b"".join(
        Shamir.combine([(share.number, share.content[part]) for share in some])
        for part in (slice(0, _HALF), slice(_HALF, None))
    )
    if sealed.open(data_key) is None:
        raise _invalid("These shares are not of this key file, or it was sealed again since.")
    return data_key


def _check(words: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:4]


def _invalid(sentence: str) -> TjugoError:
    return reason("share_invalid", sentence)
