"""The vendor's side: which TID a token takes, and the tokens a point of sale makes.

Pure: the last TID, the minute and the random number come from the caller, who records the TID
before the token leaves.
"""

from . import amount, token
from . import tid as _tid
from .errors import FormatError, KeyExpiredError, RangeError


def allocate(last_tid, minute):
    """The next ordinary TID for a meter: never one issued before, never a reserved minute.

    last_tid is the highest ordinary TID issued to this meter (None for the first), minute the
    present one since the base date. Within one minute, and when the clock went back, the TIDs
    go up by one. Raises RangeError when the base date's 24 bits are used up.
    """
    if last_tid is not None and minute <= last_tid:
        minute = last_tid + 1
    return _tid.from_minutes(minute)


def allocate_special(last_special, minute):
    """The reserved TID (00:01) of the day of `minute`, for one special-purpose token a day.

    last_special is the last one issued to this meter, or None. Raises RangeError when that day's
    is taken.
    """
    reserved = minute // 1440 * 1440 + 1
    if last_special is not None and reserved <= last_special:
        raise RangeError("the special token of this day has been issued already")
    if reserved > _tid.MAX_TID:
        raise RangeError("minute %d is beyond the base date's range" % minute)
    return reserved


def check_expiry(tid, ken):
    """Raise KeyExpiredError when a key with this KEN (0..255, 255 never) is expired at the TID."""
    if tid >> 16 > ken:
        text = "the key expired: TID %d lies beyond its key expiry number %d"
        raise KeyExpiredError(text % (tid, ken))


def credit(key, ea, tid, rnd, tenths, subclass=0, ken=255):
    """A class 0 token, subclass 0..3: `tenths` of kWh, m3 or minutes, rounded up.

    rnd is 4 random bits. Raises RangeError or KeyExpiredError.
    """
    if not 0 <= subclass <= 3:
        raise FormatError("subclass %d is not a credit in units" % subclass)
    check_expiry(tid, ken)
    return token.make(0, subclass, key, ea, rnd=rnd, tid=tid, amount=amount.encode(tenths))


def currency(key, ea, tid, units, subclass=4, ken=255):
    """A class 0 token, subclass 4..7: `units` of 1e-5 of the currency unit. Provisional."""
    if not 4 <= subclass <= 7:
        raise FormatError("subclass %d is not a currency credit" % subclass)
    check_expiry(tid, ken)
    return token.make(0, subclass, key, ea, tid=tid, amount=amount.encode_currency(units))


def management(key, ea, subclass, tid, rnd, ken=255, **values):
    """A class 2 token with a TID. `values` as fields.encode; mpl and mppul in W, rounded up."""
    if subclass in (3, 4, 8, 9):
        raise FormatError("key-change tokens are made as a set: key_change()")
    check_expiry(tid, ken)
    for name in ("mpl", "mppul"):
        if name in values:
            values[name] = amount.encode(values[name])
    return token.make(2, subclass, key, ea, rnd=rnd, tid=tid, **values)


def key_change_fields(new_key, kt, krn, ti, ken, ro, sgc, kct3=False):
    """The sections of a key change as (subclass, field values): two, three or four of them.

    An 8-byte new key has sections 3 and 4, with kct3 a third that carries the SGC; a 16-byte
    one has 3, 4, 8 and 9. kt, krn, ti, ken and sgc (integers) are the new key's.
    """
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


def key_change(old_key, ea, new_key, kt, krn, ti, ken, ro, sgc, kct3=False):
    """The key-change tokens, encrypted under the old key, in the order of key_change_fields()."""
    limits = (("KT", kt, 0, 3), ("KRN", krn, 1, 9), ("TI", ti, 0, 99), ("KEN", ken, 0, 255))
    for name, value, low, high in limits + (("SGC", sgc, 0, 999999),):
        if not low <= value <= high:
            raise RangeError("%s %d is outside %d to %d" % (name, value, low, high))
    if len(new_key) != len(old_key):
        raise FormatError("the new key must have as many bytes as the old one")
    sections = key_change_fields(new_key, kt, krn, ti, ken, ro, sgc, kct3)
    return [token.make(2, subclass, old_key, ea, **values) for subclass, values in sections]


def meter_test(subclass, test, mfr=0):
    """A class 1 token: test 0 is all of them, test n >= 1 is control bit n - 1 (meaning.py)."""
    width = {0: 36, 1: 28}.get(subclass)
    if width is None:
        raise FormatError("class 1 subclass %d has no public layout" % subclass)
    if not 0 <= test <= width:
        raise RangeError("test %d is outside 0 to %d" % (test, width))
    control = 1 << (test - 1) if test else (1 << width) - 1
    return token.make(1, subclass, control=control, mfr=mfr)
