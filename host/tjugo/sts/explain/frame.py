"""The steps of a token's frame: digits, 66 bits, class, cipher, check field, and the meter."""

from sts_portable import crc, ea, fields, results, token
from sts_portable.decoder import Decoder, TidStore
from tjugo.sta_tables import sample_in_use
from tjugo.sts.explain.fields import block_bits
from tjugo.sts.explain.key import DecoderKey
from tjugo.sts.explain.model import Bits, Fact, Field, Step, Table, grouped, hexed
from tjugo.sts.explain.rounds import trace

CIPHERS = {7: "EA07, STA", 9: "EA09, DEA", 11: "EA11, MISTY1"}
_CLASSES = {
    0: "credit, encrypted",
    1: "meter test or display, in clear, for any meter",
    2: "management of one meter, encrypted",
    3: "reserved",
}
_POLYNOMIAL = 0xA001
_WHY = {
    results.ACCEPT: "The meter executes the token.",
    results.FIRST_KCT: "A section of a key change; the meter waits for the others.",
    results.SECOND_KCT: "A section of a key change; the meter waits for the others.",
    results.THIRD_KCT: "A section of a key change; the meter waits for the others.",
    results.FOURTH_KCT: "A section of a key change; the meter waits for the others.",
    results.KEY_TYPE_ERROR: "The key change to this key type is not permitted.",
    results.FORMAT_ERROR: "A field that must be zero is not, or the digits are not a token.",
    results.RANGE_ERROR: "A field has a value that is not permitted.",
    results.FUNCTION_ERROR: "The meter has no function for this class and subclass.",
    results.OLD_ERROR: "The TID is 0 or older than all stored TIDs.",
    results.KEY_EXPIRED_ERROR: "The TID is later than the key's KEN allows.",
    results.DDTK_ERROR: "Credit is not accepted while the meter has a default key.",
    results.CRC_ERROR: "The check field is wrong: wrong key or wrong digits.",
    results.MFR_CODE_ERROR: "The token is for the meters of another manufacturer.",
}
_NO_KEY = "The content is unknown without the decoder key."


def digits_step(digits: str, made: bool = False) -> Step:
    """Return the step of the 20 digits and their number. made: at the end of a sale."""
    number = int(digits)
    say = (
        "Twenty decimal digits hold a number below 2^66 = 73786976294838206464, so 66 bits."
        " It is padded with zeros on the left and printed in groups of four.",
    )
    facts = (
        Fact("token", grouped(digits)),
        Fact("number", f"{number}"),
        Fact("in hex", f"{number:017x}"),
    )
    return Step("digits", "Twenty digits" if not made else "The twenty digits", say, facts)


def bits_step(digits: str, clear: Bits | None) -> Step:
    """Return the step of the 66 bits as entered. clear: for class 1 the block's own fields."""
    cls = token.split(digits)[0]
    moved = Field("moved", "+", ((65, 64),), "", "the block's bits 28..27")
    own = Field("Class", "C", ((28, 27),), f"{cls}", _CLASSES[cls])
    rest = Field("block", "b", ((63, 29), (26, 0)), "", "the other bits of the 64-bit block")
    say = ("The number in binary. Bit 0 is the last one.",)
    fields = (moved, own, rest) if clear is None else (moved, own, *clear.fields)
    return Step("bits66", "66 bits", say, bits=Bits.of(int(digits), 66, fields))


def class_step(cls: int, block: bytes, digits: str, made: bool = False) -> Step:
    """Return the step that extracts the class from the 66 bits, or inserts it."""
    number = int(digits)
    facts = [
        Fact("bits 28..27", f"{number >> 27 & 3:02b}", f"class {cls}: {_CLASSES[cls]}"),
        Fact("bits 65..64", f"{number >> 64:02b}", "the block's own bits 28..27"),
        Fact("block", hexed(block), "64 bits"),
    ]
    if made:
        say = (
            "The class replaces bits 28..27 of the block, whose previous values become"
            " bits 65..64.",
        )
        return Step("class", "Class insertion", say, tuple(facts))
    say = (
        "Bits 28..27 of the number are the class. The block's own bits 28..27 are in bits"
        " 65..64; moved back, they complete the 64-bit block.",
    )
    return Step("class", "Class", say, tuple(facts))


def cipher_steps(
    key: DecoderKey, before: bytes, after: bytes, decrypting: bool, with_rounds: bool
) -> list[Step]:
    """Return encryption or decryption as one step, with every round if requested."""
    verb, noun = ("decrypts", "Decryption") if decrypting else ("encrypts", "Encryption")
    name = CIPHERS[key.ea]
    say = [f"{name}, {verb} the block with the decoder key of {8 * len(key.key)} bits."]
    if key.ea == 7 and sample_in_use():
        say.append("It uses the published sample tables, which no commercial meter uses.")
    shown = "the meter's, not shown" if key.hidden else hexed(key.key)
    facts = (
        Fact("block in", hexed(before)),
        Fact("decoder key", shown),
        Fact("block out", hexed(after)),
    )
    table = trace(key.ea, key.key, before, decrypting) if with_rounds else None
    return [Step("cipher", f"{noun}, {name}", tuple(say), facts, table=table)]


def withheld_step(ea_code: int) -> Step:
    """Return the step for a block whose check field is wrong after decryption by a hidden key.

    The block is withheld: otherwise any block could be decrypted with the key.
    """
    say = (
        f"{CIPHERS[ea_code]}, decrypts the block with the meter's key.",
        "The check field does not agree, so this is not a token of the meter, and the decrypted"
        " block is not shown.",
    )
    return Step("cipher", f"Decryption, {CIPHERS[ea_code]}", say)


def fields_step(cls: int, block: bytes, key_bytes: int, bdt: str) -> Step:
    """Return the step of the clear block's fields."""
    say = [f"Class {cls} and the SubClass determine the layout of the other bits."]
    if not crc.matches(cls, block):
        say.append("The check field does not agree (next step), so these fields mean nothing.")
    bits = block_bits(cls, block, key_bytes, bdt)
    return Step("fields", "The fields of the clear block", tuple(say), bits=bits)


def crc_step(cls: int, block: bytes) -> Step:
    """Return the step of the check field, with the register after each byte of its input."""
    text = fields.crc_message(cls, block)
    register, rows = 0xFFFF, []
    for byte in text:
        register = _crc_byte(register, byte)
        rows.append((f"{byte:02x}", f"{register:04x}"))
    stored, computed = int.from_bytes(block[6:], "big"), crc.field(cls, block)
    say = [
        "CRC-16 with x^16 + x^15 + x^2 + 1, reflected, beginning with ffff, over Class, SubClass"
        " and body: 50 bits, filled up with zeros on the left to 7 bytes.",
        "The register is stored low byte first.",
    ]
    if fields.is_currency(cls, block):
        say[0] += " A currency token adds a byte 01 (CRC_C)."
    agree = "equal: the block is authentic" if stored == computed else "different: CRCError"
    facts = (
        Fact("over", hexed(text)),
        Fact("register", f"{register:04x}"),
        Fact("computed", f"{computed:04x}", "bytes swapped"),
        Fact("in the block", f"{stored:04x}", agree),
    )
    table = Table(("byte", "register after it"), tuple(rows))
    return Step("crc", "Check field", tuple(say), facts, table=table)


def _crc_byte(register: int, byte: int) -> int:
    register ^= byte
    for _ in range(8):
        register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
    return register


def verdict(digits: str, key: DecoderKey | None, mfr_code: int) -> tuple[str | None, str]:
    """Return the TokenResult of a meter with this key and an empty TID store, and the reason.

    Return (None, reason) for an encrypted token without a key.
    """
    cls, _ = token.split(digits)
    if token.is_encrypted(cls) and key is None:
        return None, _NO_KEY
    state = key.state() if key else DecoderKey(bytes(8)).state()
    meter = Decoder(state, TidStore(), mfr_code)
    result, found = meter.check(digits)
    if result == results.ACCEPT and found is not None:
        result = meter.commit(found)
    return results.name(result), _WHY[result]


def meter_step(result: str | None, why: str, mfr_code: int) -> Step:
    """Return the step of the meter's result."""
    say = (why,)
    maker = f"{mfr_code}" if mfr_code else "0, none in particular"
    facts = (
        Fact("TokenResult", result or "unknown"),
        Fact("the meter", f"manufacturer code {maker}", "has accepted no token yet"),
    )
    return Step("meter", "The meter's answer", say, facts)


def may_show(cls: int, clear: bytes, key: DecoderKey | None) -> bool:
    """Return whether a clear block may be shown.

    A block decrypted by a hidden key is shown only if its check field is correct. Otherwise any
    digits could be decrypted with the key: a key-change section with another class inserted would
    disclose the new key.
    """
    hidden = key is not None and key.hidden and token.is_encrypted(cls)
    return not hidden or crc.matches(cls, clear)


def clear_block(cls: int, block: bytes, key: DecoderKey | None) -> bytes | None:
    """Return the clear block, or None if the block is encrypted and there is no key."""
    if not token.is_encrypted(cls):
        return bytes(block)
    return ea.decrypt(key.ea, key.key, block) if key else None
