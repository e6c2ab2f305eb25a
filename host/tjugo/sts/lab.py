"""The Token lab: bits of a token are flipped and the effect is described. Pure functions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sts_portable import crc, ea, token
from tjugo.errors import TjugoError
from tjugo.sts.explain import DecoderKey, Explanation, explain_token
from tjugo.sts.explain import frame as _frame


@dataclass(frozen=True)
class Experiment:
    """Bits to flip: of the 66 bits as entered, or of the clear block, which is encrypted again.

    repair: replace the check field of the clear block by the correct one.
    """

    token_bits: tuple[int, ...] = ()
    clear_bits: tuple[int, ...] = ()
    repair: bool = False

    def changes(self) -> bool:
        """Return whether the experiment changes anything."""
        return bool(self.token_bits or self.clear_bits or self.repair)


def run(
    digits: str,
    key: DecoderKey | None,
    experiment: Experiment,
    mfr_code: int = 0,
    rounds: bool = False,
) -> dict[str, Any]:
    """Explain the token after the experiment, and the effect of the experiment.

    Return {"now": explanation, "effect": None or {"sentences", "token_bits", "cipher_bits",
    "clear_bits", "result"}}; bits are those that differ, result is the one before. Raise
    TjugoError.
    """
    if not experiment.changes():
        return {"now": explain_token(digits, key, mfr_code, rounds).as_json(), "effect": None}
    changed = _changed(digits, key, experiment)
    before = explain_token(digits, key, mfr_code)
    now = explain_token(changed, key, mfr_code, rounds)
    effect = {
        "sentences": list(_sentences(before, now, experiment)),
        "token_bits": list(_differing(int(digits), int(changed))),
        "cipher_bits": _between(before.cipher, now.cipher),
        "clear_bits": _between(before.clear, now.clear),
        "result": before.result,
    }
    return {"now": now.as_json(), "effect": effect}


def _changed(digits: str, key: DecoderKey | None, experiment: Experiment) -> str:
    if experiment.clear_bits or experiment.repair:
        digits = _made_again(digits, key, experiment)
    number = int(digits)
    for bit in experiment.token_bits:
        if not 0 <= bit <= 65:
            raise TjugoError("A token has the bits 0 to 65.", 2)
        number ^= 1 << bit
    return f"{number:020d}"


def _made_again(digits: str, key: DecoderKey | None, experiment: Experiment) -> str:
    """Return the digits after the change of the clear block.

    Raise TjugoError for a registered meter's key: encrypting an arbitrary block would make credit
    that no sale records.
    """
    cls, block = token.split(digits)
    clear = _frame.clear_block(cls, bytes(block), key)
    if clear is None:
        raise TjugoError("The clear block of this token needs its key.", 2)
    if key and key.hidden and token.is_encrypted(cls):
        raise TjugoError("A registered meter's key encrypts tokens of recorded sales only.", 2)
    number = int.from_bytes(clear, "big")
    for bit in experiment.clear_bits:
        if not 0 <= bit <= 63:
            raise TjugoError("A block has the bits 0 to 63.", 2)
        number ^= 1 << bit
    clear = number.to_bytes(8, "big")
    if experiment.repair:
        clear = clear[:6] + crc.field(cls, clear).to_bytes(2, "big")
    if key and token.is_encrypted(cls):
        clear = ea.encrypt(key.ea, key.key, clear)
    return token.join(cls, clear)


def _differing(a: int, b: int) -> Iterator[int]:
    return (bit for bit in range(66) if (a ^ b) >> bit & 1)


def _between(a: str, b: str) -> list[int]:
    return list(_differing(int(a, 2), int(b, 2))) if a and b else []


def _count(bits: Iterable[int], of: str) -> str:
    number = len(list(bits))
    return f"{number} bit{'' if number == 1 else 's'} of {of}"


def _sentences(before: Explanation, now: Explanation, experiment: Experiment) -> Iterator[str]:
    """Yield the effects in the order of a meter's checks."""
    cipher = _between(before.cipher, now.cipher)
    clear = _between(before.clear, now.clear)
    wrong = sum(a != b for a, b in zip(before.token, now.token, strict=True))
    yield f"{wrong} of the 20 digits changed."
    if before.cls != now.cls:
        yield _class_sentence(before, now)
    elif token.is_encrypted(now.cls) and clear:
        if experiment.clear_bits or experiment.repair:
            first, second = _count(clear, "the clear block"), _count(cipher, "the encrypted one")
        else:
            first, second = _count(cipher, "the encrypted block"), _count(clear, "the clear one")
        yield f"{first} changed, and so {second}: a cipher changes about half of the 64."
    yield from _crc_sentence(before, now, experiment)
    yield _result_sentence(before, now)


def _class_sentence(before: Explanation, now: Explanation) -> str:
    how = {True: "decrypts it", False: "reads it in clear"}[token.is_encrypted(now.cls)]
    if now.cls == 3:
        how = "refuses it: class 3 is reserved"
    return f"The class went from {before.cls} to {now.cls}. The meter {how}."


def _crc_sentence(before: Explanation, now: Explanation, experiment: Experiment) -> Iterator[str]:
    if before.clear and not now.clear and now.cls != 3:
        yield "The check field is wrong, so the block under the meter's key is not shown."
    if not now.clear or now.cls == 3:
        return
    block = int(now.clear, 2).to_bytes(8, "big")
    good = crc.matches(now.cls, block)
    computed = crc.field(now.cls, block)
    if good and experiment.repair:
        yield "The check field agrees again: this is another token, made with the key."
    elif good:
        yield "The check field agrees nevertheless: one chance in 65536."
    else:
        stored = int.from_bytes(block[6:], "big")
        yield f"The check field should be {computed:04x} and is {stored:04x}."


def _result_sentence(before: Explanation, now: Explanation) -> str:
    if now.result is None:
        return "The meter's result is unknown without the key."
    same = "still " if now.result == before.result else ""
    return f"The meter answers {same}{now.result}. {now.why}"
