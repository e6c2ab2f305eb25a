"""The rate at which tokens with one wrong digit are accepted, compared with a 16-bit CRC.

`python tests/host/sts_flips.py [TRIES]` makes tokens and checks each with every single digit
replaced by every other one, 180 tries per token, 10^6 by default. It prints the number of tries
that reached the CRC, the number expected to pass it (one in 65,536), the number that passed, and
the number accepted. The exit status is 1 if more passed than expected once in a million runs.
"""

import math
import random
import sys
from dataclasses import dataclass

from sts_portable import dkga, results, vendor
from sts_portable.decoder import Decoder, KeyState, TidStore
from tjugo import sts_fast

TRIES = 1_000_000
TRIES_A_TOKEN = 180
_VK = bytes.fromhex("abababababababab949494949494949401234567")
_ONCE_IN = 1_000_000


@dataclass
class Outcome:
    """The numbers of tries: all, with a compared CRC, with a correct CRC, accepted."""

    tries: int = 0
    compared: int = 0
    passed: int = 0
    accepted: int = 0

    @property
    def expected(self) -> float:
        """Return the number of tries expected to pass a 16-bit CRC."""
        return self.compared / 65536

    def __str__(self) -> str:
        return (
            f"{self.tries:,} tokens with one wrong digit, {self.compared:,} of them with a CRC to"
            f" compare: expected to pass {self.expected:.1f}, seen {self.passed}"
            f" ({self.accepted} accepted)"
        )


def most_by_chance(expected: float) -> int:
    """Return the count that a Poisson variable of this mean exceeds less than once in 10^6."""
    count, term = 0, math.exp(-expected)
    below = term
    while 1 - below > 1 / _ONCE_IN:
        count += 1
        term *= expected / count
        below += term
    return count


def flips(digits: str) -> list[str]:
    """Return the 180 texts that differ from the 20 digits in one digit."""
    return [
        digits[:place] + other + digits[place + 1 :]
        for place in range(20)
        for other in "0123456789"
        if other != digits[place]
    ]


def run(tries: int, seed: int = 16) -> Outcome:
    """Make at least `tries` tries: class 0 and 2, EA07 and EA11 in turn, a new key per token."""
    rng = random.Random(seed)
    found = Outcome()
    sts_fast.register()
    try:
        while found.tries < tries:
            ea = (7, 11)[found.tries // TRIES_A_TOKEN % 2]
            _one_token(found, rng, ea)
    finally:
        sts_fast.unregister()
    return found


def _one_token(found: Outcome, rng: random.Random, ea: int) -> None:
    key = dkga.decoder_key(
        "04", _VK, "600727000000000009", 2, rng.randrange(1000000), 1, 1, "14", ea
    )
    tid, rnd = rng.randrange(2, 1 << 24), rng.randrange(16)
    if rng.randrange(2):
        digits = vendor.credit(key, ea, tid, rnd, rng.randrange(100000), rng.randrange(4))
    else:
        digits = vendor.management(key, ea, 0, tid, rnd, mpl=rng.randrange(100000))
    meter = Decoder(KeyState(key, ea), TidStore())
    assert meter.check(digits)[0] == results.ACCEPT
    for wrong in flips(digits):
        result, token = meter.check(wrong)
        found.tries += 1
        found.compared += token is not None or result == results.CRC_ERROR
        found.passed += token is not None
        found.accepted += result == results.ACCEPT


def main(arguments: list[str]) -> int:
    """Run the command and return its exit status."""
    found = run(int(arguments[0]) if arguments else TRIES)
    most = most_by_chance(found.expected)
    print(f"{found}; at most {most} by chance")
    return 0 if found.passed <= most else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
