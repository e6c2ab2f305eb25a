"""The explanation of a token or sale, every step between meaning and digits. Pure functions."""

from sts_portable import ea, token
from sts_portable.errors import StsError
from tjugo.errors import TjugoError, plain
from tjugo.sts.explain import frame
from tjugo.sts.explain import sale as _sale
from tjugo.sts.explain.fields import block_bits, carries_key
from tjugo.sts.explain.key import DecoderKey
from tjugo.sts.explain.key_steps import key_steps
from tjugo.sts.explain.model import Explanation, Step
from tjugo.sts.explain.sale import Sale

__all__ = ["DecoderKey", "Explanation", "Sale", "explain_sale", "explain_token"]


def explain_token(
    digits: str, key: DecoderKey | None = None, mfr_code: int = 0, rounds: bool = False
) -> Explanation:
    """Explain a token, from its 20 digits to the meter's result.

    Without a key an encrypted token is explained up to its class. mfr_code: the meter's
    manufacturer, relevant for class 1. rounds: include every round of the cipher. With a hidden
    key the block is shown only if its check field is correct. Raise TjugoError for text that is
    not a token, and for a request that would disclose a hidden key.
    """
    try:
        cls, block = token.split(digits)
    except StsError as error:
        raise TjugoError(plain(error), 2) from error
    clear = frame.clear_block(cls, bytes(block), key) if cls < 3 else None
    withheld = clear is not None and not frame.may_show(cls, clear, key)
    if withheld:
        clear = None
    size, bdt = (len(key.key), key.bdt) if key else (16, "14")
    _keep_hidden(key, cls, clear, rounds)
    in_clear = block_bits(1, clear, size, bdt) if cls == 1 and clear else None
    steps = [
        frame.digits_step(digits),
        frame.bits_step(digits, in_clear),
        frame.class_step(cls, bytes(block), digits),
    ]
    if withheld and key:
        steps.append(frame.withheld_step(key.ea))
    if token.is_encrypted(cls) and key and clear:
        steps += key_steps(key)
        steps += frame.cipher_steps(key, bytes(block), clear, True, rounds)
    if clear:
        steps += [frame.fields_step(cls, clear, size, bdt), frame.crc_step(cls, clear)]
    return _explanation("token", digits, key, mfr_code, clear, steps)


def explain_sale(sale: Sale, key: DecoderKey, rounds: bool = False) -> Explanation:
    """Explain a sale, from the amount to the 20 digits.

    Raise TjugoError for an amount that cannot be sold, and for a hidden key: such tokens are made
    by recorded sales only.
    """
    if key.hidden:
        raise TjugoError("A token of a registered meter is made by a sale: `tjugo sell`.", 2)
    number = _sale.allocate(sale, key.ken)
    clear = _sale.clear_block(sale, number)
    cipher = ea.encrypt(key.ea, key.key, clear)
    digits = token.join(0, cipher)
    steps = [
        _sale.amount_step(sale),
        _sale.tid_step(sale, number, key.bdt),
        frame.fields_step(0, clear, len(key.key), key.bdt),
        frame.crc_step(0, clear),
        *key_steps(key),
        *frame.cipher_steps(key, clear, cipher, False, rounds),
        frame.class_step(0, cipher, digits, made=True),
        frame.bits_step(digits, None),
        frame.digits_step(digits, made=True),
    ]
    return _explanation("sale", digits, key, 0, clear, steps)


def _keep_hidden(key: DecoderKey | None, cls: int, clear: bytes | None, rounds: bool) -> None:
    """Raise TjugoError for what would disclose a hidden key."""
    if key is None or not key.hidden:
        return
    if rounds:
        raise TjugoError("The rounds would show the station's key; give the key itself.", 2)
    if clear and cls == 2 and carries_key(cls, clear, len(key.key)):
        raise TjugoError("The token carries part of a decoder key, which is not shown here.", 2)


def _explanation(
    kind: str,
    digits: str,
    key: DecoderKey | None,
    mfr_code: int,
    clear: bytes | None,
    steps: list[Step],
) -> Explanation:
    cls, block = token.split(digits)
    result, why = frame.verdict(digits, key, mfr_code)
    steps = [*steps, frame.meter_step(result, why, mfr_code)]
    shown = f"{int.from_bytes(clear, 'big'):064b}" if clear else ""
    cipher = f"{int.from_bytes(block, 'big'):064b}"
    return Explanation(kind, digits, cls, result, why, cipher, shown, tuple(steps))
