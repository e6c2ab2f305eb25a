"""Token generation at a point of sale: TID allocation, credit and management tokens, key changes.

The functions have no state: the last TID, the minute and the random number are arguments. The
caller records the TID before it issues the token.
"""

from . import amount, limits, token
from . import tid as _tid
from .decoder import ELEMENTS
from .errors import FormatError, KeyExpiredError, RangeError, StsError
from .layouts import FLAG_INDEX

_KEY_SECTIONS = (3, 4, 8, 9)
_NEEDED = {0: "mpl", 6: "mppul"}


class KeyChangeError(StsError):
    """The meter would refuse new tokens or accept used tokens again after this key change."""


def allocate(last_tid: "int | None", minute: int) -> int:
    """Return the next ordinary TID for a meter: never one issued before, nor a reserved minute.

    last_tid is the highest ordinary TID issued to this meter (None for the first), minute the
    current minute since the base date. Within one minute, and if the clock was set back, the TID
    is the next one after last_tid. Raise RangeError if it exceeds the 24 bits of the base date.
    """
    if last_tid is not None and minute <= last_tid:
        minute = last_tid + 1
    return _tid.from_minutes(minute)


def allocate_special(last_special: "int | None", minute: int) -> int:
    """Return the reserved TID (00:01) of the day of `minute`, for one special token per day.

    last_special is the last one issued to this meter, or None. Raise RangeError if the TID of
    that day has been issued.
    """
    reserved = minute // 1440 * 1440 + 1
    if last_special is not None and reserved <= last_special:
        text = "the special token of this day has been issued already: TID %d, last %d"
        raise RangeError(text % (reserved, last_special))
    if not 0 <= reserved <= _tid.MAX_TID:
        raise RangeError("minute %d is beyond the base date's range" % minute)
    return reserved


def _check_tid(tid, ken):
    """Raise RangeError for a TID that no meter accepts, KeyExpiredError for one after the KEN."""
    if not 1 <= tid <= _tid.MAX_TID:
        raise RangeError("TID %d is outside 1 to %d" % (tid, _tid.MAX_TID))
    check_expiry(tid, ken)


def check_expiry(tid: int, ken: int) -> None:
    """Raise KeyExpiredError if a key with this KEN (0..255, 255 never) is expired at the TID."""
    if tid > last_tid(ken):
        text = "the key expired: TID %d lies beyond its key expiry number %d"
        raise KeyExpiredError(text % (tid, ken))


def last_tid(ken: int) -> int:
    """Return the last TID of a key with this KEN. For 255 it is the last TID of the base date."""
    limits.check("KEN", ken)
    return ken << 16 | 0xFFFF


def expiry_warning(minute: int, ken: int, bdt: "int | str", days: int = 180) -> str:
    """Return a sentence if the key expires within `days` or is expired, else "".

    minute is the current minute since the base date. The sentence gives the last minute of the
    key. A key change is then due, for KEN 255 one to a new base date.
    """
    last = last_tid(ken)
    if minute + days * 1440 <= last:
        return ""
    verb = "expired" if minute > last else "expires"
    when = "%d-%02d-%02d %02d:%02d" % _tid.civil(bdt, last)
    why = (
        "the end of base date %s" % _tid.check_base(bdt)
        if ken == 255
        else "its key expiry number is %d" % ken
    )
    return "the key %s after %s: %s" % (verb, when, why)


def credit(
    key: bytes, ea: "int | str", tid: int, rnd: int, tenths: int, subclass: int = 0, ken: int = 255
) -> str:
    """Return a class 0 token, subclass 0..3: `tenths` of kWh, m3 or minutes, rounded up.

    rnd is 4 random bits. Raise RangeError or KeyExpiredError.
    """
    if not 0 <= subclass <= 3:
        raise FormatError("subclass %d is not a credit in units" % subclass)
    _check_tid(tid, ken)
    return token.make(0, subclass, key, ea, rnd=rnd, tid=tid, amount=amount.encode(tenths))


def currency(
    key: bytes, ea: "int | str", tid: int, units: int, subclass: int = 4, ken: int = 255
) -> str:
    """Return a class 0 token, subclass 4..7: `units` of 1e-5 of the currency unit.

    The amount is rounded up, a debt (negative) towards zero. Raise RangeError or KeyExpiredError.
    """
    if not 4 <= subclass <= 7:
        raise FormatError("subclass %d is not a currency credit" % subclass)
    _check_tid(tid, ken)
    return token.make(0, subclass, key, ea, tid=tid, amount=amount.encode_currency(units))


def management(
    key: bytes, ea: "int | str", subclass: int, tid: int, rnd: int, ken: int = 255, **values: int
) -> str:
    """Return a class 2 token with a TID.

    `values` are those of fields.encode(), but mpl and mppul are in W, rounded up, and must be
    given where the token sets one. Raise FormatError, RangeError or KeyExpiredError.
    """
    if subclass in _KEY_SECTIONS:
        raise FormatError("subclass %d is a section of a key change: key_change()" % subclass)
    _check_tid(tid, ken)
    needed = _NEEDED.get(subclass)
    if needed and needed not in values:
        raise FormatError("a token of class 2 subclass %d needs %s" % (subclass, needed))
    _, name, allowed = ELEMENTS.get(0x20 | subclass, (0, None, ()))
    if name and values.get(name, 0) not in allowed:
        raise RangeError("%s %s is refused by every meter" % (name, values[name]))
    for name in ("mpl", "mppul"):
        if name in values:
            values[name] = amount.encode(values[name])
    return token.make(2, subclass, key, ea, rnd=rnd, tid=tid, **values)


def key_change_fields(
    new_key: bytes,
    kt: int,
    krn: int,
    ti: int,
    ken: int,
    ro: "bool | int",
    sgc: int,
    kct3: "bool | int" = False,
) -> "list[tuple[int, dict[str, int | bytes]]]":
    """Return the sections of a key change as (subclass, field values): two, three or four.

    The sections of an 8-byte new key are 3 and 4, with kct3 also 8, which contains the SGC; those
    of a 16-byte key are 3, 4, 8 and 9. kt, krn, ti, ken and sgc (integers) are those of the new
    key. Raise RangeError for a number outside the key register; key_change() checks the rest.
    """
    for name, value in (("KT", kt), ("KRN", krn), ("TI", ti), ("KEN", ken), ("SGC", sgc)):
        limits.check(name, value)
    first = {"kenho": ken >> 4, "krn": krn, "ro": 1 if ro else 0, "kt": kt, "nk": new_key[:4]}
    second = {"kenlo": ken & 15, "ti": ti, "nk": new_key[-4:]}
    sections = [(3, first), (4, second)]
    if len(new_key) == 16:
        sections.append((8, {"sgclo": sgc & 0xFFF, "nk": new_key[4:8]}))
        sections.append((9, {"sgcho": sgc >> 12, "nk": new_key[8:12]}))
    elif kct3:
        first["kct3"] = 1
        sections.append((8, {"sgc": sgc}))
    return sections


def key_change(
    old_key: bytes,
    ea: "int | str",
    new_key: bytes,
    kt: int,
    krn: int,
    ti: int,
    ken: int,
    ro: "bool | int",
    sgc: int,
    kct3: "bool | int" = False,
    *,
    minute: int,
    bdt: "int | str",
    old_bdt: "int | str",
) -> "list[str]":
    """Return the tokens of the sections of key_change_fields(), encrypted under the old key.

    minute is the current minute since the new key's base date `bdt`; old_bdt is the base date of
    the meter's present key. Raise KeyExpiredError if the new key is already expired,
    KeyChangeError if the new key is the old one, if the new base date is earlier than the old one,
    and unless the rollover bit is set exactly when the base date changes; RangeError or
    FormatError for invalid fields.
    """
    if len(new_key) != len(old_key):
        text = "the new key must have as many bytes as the old one: %d, not %d"
        raise FormatError(text % (len(old_key), len(new_key)))
    if bytes(new_key) == bytes(old_key):
        raise KeyChangeError("the new key is the key that the meter has")
    check_rollover(ro, bdt, old_bdt)
    if not 0 <= minute <= _tid.MAX_TID:
        text = "minute %d is outside base date %s: 0 to %d"
        raise RangeError(text % (minute, _tid.check_base(bdt), _tid.MAX_TID))
    sections = key_change_fields(new_key, kt, krn, ti, ken, ro, sgc, kct3)
    check_expiry(minute, ken)
    return [token.make(2, subclass, old_key, ea, **values) for subclass, values in sections]


def check_rollover(ro: "bool | int", bdt: "int | str", old_bdt: "int | str") -> None:
    """Raise KeyChangeError unless the rollover bit is set exactly for a later base date.

    Then no key-change set leads back to a key that was replaced with the rollover bit. Raise
    RangeError for a base date code that does not exist.
    """
    bdt = _tid.check_base(bdt)
    old_bdt = _tid.check_base(old_bdt)
    if _tid.BASE_YEARS[bdt] < _tid.BASE_YEARS[old_bdt]:
        text = "the base date goes back from %s to %s: used tokens would be accepted again"
        raise KeyChangeError(text % (old_bdt, bdt))
    if bdt != old_bdt and not ro:
        text = "base date %s to %s needs the rollover bit: every later token would be old"
        raise KeyChangeError(text % (old_bdt, bdt))
    if bdt == old_bdt and ro:
        text = "the rollover bit needs a later base date than %s: it erases the used TIDs"
        raise KeyChangeError(text % bdt)


def meter_test(subclass: int, test: int, mfr: int = 0) -> str:
    """Return a class 1 token, subclass 0 or 1.

    test 0 sets all control bits, test n >= 1 sets control bit n - 1 (meaning.py). mfr is the
    manufacturer code, 0 for every meter. Raise FormatError or RangeError.
    """
    width = {0: 36, 1: 28}.get(subclass)
    if width is None:
        raise FormatError("class 1 subclass %d is not a meter test" % subclass)
    if not 0 <= test <= width:
        raise RangeError("test %d is outside 0 to %d" % (test, width))
    control = 1 << (test - 1) if test else (1 << width) - 1
    return token.make(1, subclass, control=control, mfr=mfr)


def extended_read(index: int, mfr: int = 0) -> str:
    """Return a class 1 subclass 2 token that reads a register: index 0 control, 63 flag 0."""
    if not 0 <= index <= FLAG_INDEX:
        raise RangeError("register index %d is outside 0 to %d" % (index, FLAG_INDEX))
    return token.make(1, 2, index=index, mfr=mfr)
