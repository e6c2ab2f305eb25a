"""The fields of a clear block, each with its bits and the meaning of its content in words."""

from collections.abc import Callable

from sts_portable import amount, fields, layouts, meaning, tid
from tjugo.sts.explain.key import KEY_TYPES
from tjugo.sts.explain.model import Bits, Field

_SUBCLASS = ("SubClass", 60, 4)
_BODY = ("body", 16, 44)
_CRC = ("CRC", 0, 16)

# The letters under the bits in plain text; by default the first letter of the name.
_MARKS = {
    "SubClass": "s", "CRC": "x", "control": "c", "mppul": "m", "register": "g", "krn": "n",
    "ro": "o", "kct3": "3", "kt": "y", "kenho": "e", "kenlo": "e", "nk": "k", "state": "v",
    "sgc": "g", "sgclo": "g", "sgcho": "g", "index": "i",
}  # fmt: skip


def _tests(value: int, width: int) -> str:
    numbers = meaning.tests_of(value, width)
    named = [f"test {n}: {meaning.TESTS.get(n, 'left to the manufacturer')}" for n in numbers]
    return "; ".join(named) or "no test"


def _amount(value: int, unit: str) -> str:
    exponent, mantissa = value >> 14 & 3, value & 0x3FFF
    units = amount.decode(value)
    total = quantity(units, unit)
    if exponent == 0:
        return f"{total} (exponent 0, mantissa {mantissa})"
    start = amount.decode(exponent << 14)
    return f"{total} (exponent {exponent}: {start} + {mantissa} x {10**exponent} = {units})"


def _currency(value: int) -> str:
    exponent, mantissa = value >> 14 & 31, value & 0x3FFF
    sign = "minus, " if value >> 19 else ""
    total = quantity(amount.decode_currency(value), meaning.CURRENCY_UNIT)
    return f"{total} ({sign}exponent {exponent}, mantissa {mantissa})"


def quantity(value: int, unit: str) -> str:
    """Return a quantity as text: tenths as a decimal number, followed by the unit."""
    if unit == meaning.CURRENCY_UNIT:
        sign = "-" if value < 0 else ""
        return f"{sign}{abs(value) // 100000}.{abs(value) % 100000:05d} of the currency unit"
    if unit.startswith("0.1 "):
        return f"{value // 10}.{value % 10} {unit[4:]}"
    return f"{value} {unit}".strip()


def moment(bdt: str, number: int) -> str:
    """Return the minute of a TID as text."""
    year, month, day, hour, minute = tid.civil(bdt, number)
    return f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}"


def _tid(value: int, bdt: str) -> str:
    special = ", the minute of a day reserved for special tokens" if tid.is_reserved(value) else ""
    return f"minutes since {tid.BASE_YEARS[bdt]}-01-01: {moment(bdt, value)}{special}"


def _choice(names: dict[int, str]) -> Callable[[int], str]:
    return lambda value: names.get(value, "reserved")


# Fields whose meaning depends on their content only.
_PLAIN: dict[str, Callable[[int], str]] = {
    "rnd": lambda value: "random, so that equal sales have different tokens",
    "mfr": lambda value: f"manufacturer {value}" if value else "every manufacturer",
    "register": _choice(meaning.REGISTERS),
    "rate": lambda value: "tariff rate index",
    "factor": lambda value: "water meter factor",
    "pad": lambda value: "must be 0" if value == 0 else "should be 0",
    "index": lambda value: (
        "a flag follows" if value == layouts.FLAG_INDEX else "meaning not public"
    ),
    "data": lambda value: "the register's content, meaning not public",
    "flag": _choice(meaning.FLAGS),
    "state": lambda value: "yes" if value else "no",
    "value": lambda value: "the manufacturer's own",
    "kenho": lambda value: "high half of the new key's KEN",
    "kenlo": lambda value: "low half of the new key's KEN",
    "krn": lambda value: "revision number of the new key",
    "ro": lambda value: "rollover: the meter clears its TIDs" if value else "TIDs are kept",
    "kct3": lambda value: "a third token follows" if value else "no third token with a 64-bit key",
    "kt": lambda value: KEY_TYPES[value],
    "ti": lambda value: "tariff index of the new key",
    "sgclo": lambda value: "low 12 bits of the new SGC",
    "sgcho": lambda value: "high 12 bits of the new SGC",
    "sgc": lambda value: "the new supply group code",
}


def _words(code: int, field: tuple, value: int, bdt: str) -> str:
    name = field[0]
    if name == "tid":
        return _tid(value, bdt)
    if name == "control":
        return _tests(value, field[2])
    if name == "amount" and len(field) > 3:
        return _currency(value)
    if name in ("amount", "mpl", "mppul"):
        return _amount(value, meaning.UNITS[code])
    return _PLAIN[name](value)


def _field(field: tuple, value: str, words: str) -> Field:
    name = field[0]
    places = [(field[1], field[2])]
    if len(field) > 3:
        places.insert(0, (field[3], field[4]))
    pieces = tuple((low + width - 1, low) for low, width in places)
    return Field(name, _MARKS.get(name, name[0]), pieces, value, words)


def block_fields(cls: int, block: bytes, key_bytes: int, bdt: str) -> tuple[Field, ...]:
    """Return every field of a clear 8-byte block, the highest bits first."""
    subclass = block[0] >> 4
    row = fields.row(cls, subclass, key_bytes, block[4] >> 2)
    code = cls << 4 | subclass
    found = [_field(_SUBCLASS, f"{subclass}", row[0] if row else "reserved: layout not public")]
    for field in row[1] if row else (_BODY,):
        value = fields.get(field, block)
        if isinstance(value, bytes):
            found.append(_field(field, value.hex(), "a section of the new decoder key"))
        elif row:
            found.append(_field(field, f"{value}", _words(code, field, value, bdt)))
        else:
            found.append(_field(field, f"{value:x}", "unknown"))
    kind = "CRC_C" if fields.is_currency(cls, block) else "CRC"
    found.append(_field((kind, *_CRC[1:]), f"{layouts.bits(block, 0, 16):04x}", "check field"))
    return tuple(sorted(found, key=lambda field: -field.pieces[0][0]))


def block_bits(cls: int, block: bytes, key_bytes: int, bdt: str) -> Bits:
    """Return the 64 bits of a clear block with their fields."""
    return Bits.of(int.from_bytes(block, "big"), 64, block_fields(cls, block, key_bytes, bdt))


def carries_key(cls: int, block: bytes, key_bytes: int) -> bool:
    """Return whether a clear block contains a section of a decoder key."""
    row = fields.row(cls, block[0] >> 4, key_bytes, block[4] >> 2)
    return row is not None and fields.NK in row[1]
