"""What a meter displays after a token, in the forms in which a customer reports it."""

import re

from sts_portable import results

# The first line of the display, where one result has it alone; the second line has the name.
_WORDS = {
    "accepted": results.ACCEPT,
    "used": results.USED_ERROR,
    "old": results.OLD_ERROR,
    "expired": results.KEY_EXPIRED_ERROR,
    "too much credit": results.OVERFLOW_ERROR,
    "locked": results.LOCKOUT_ERROR,
    "wrong token": results.CRC_ERROR,
    "wrong key type": results.KEY_TYPE_ERROR,
    "not a token": results.FORMAT_ERROR,
    "out of range": results.RANGE_ERROR,
    "not supported": results.FUNCTION_ERROR,
    "default key": results.DDTK_ERROR,
    "other maker": results.MFR_CODE_ERROR,
    "key changed": results.ACCEPT,
}
_WAIT = re.compile(r" wait [0-9]+ s$", re.A)  # behind the words of a refusal, for how long
_NEXT = {
    results.FIRST_KCT: "first",
    results.SECOND_KCT: "second",
    results.THIRD_KCT: "third",
    results.FOURTH_KCT: "fourth",
}
_NAMES = {
    results.name(code).lower(): code for code in range(results.NONE + 1, results.FOURTH_KCT + 1)
}
# Results after the CRC was found correct: the token was made with the key that the meter has.
AUTHENTIC = (
    *(results.ACCEPT, results.OVERFLOW_ERROR, results.OLD_ERROR, results.USED_ERROR),
    *(results.KEY_EXPIRED_ERROR, results.DDTK_ERROR, results.FUNCTION_ERROR),
)
CHOICES = tuple(
    (results.name(code), text)
    for code, text in (
        (results.CRC_ERROR, "Wrong token / CRCError"),
        (results.USED_ERROR, "Used / UsedError"),
        (results.OLD_ERROR, "Old / OldError"),
        (results.KEY_EXPIRED_ERROR, "Expired / KeyExpiredError"),
        (results.OVERFLOW_ERROR, "Too much credit / OverflowError"),
        (results.LOCKOUT_ERROR, "Locked / LockoutError"),
        (results.DDTK_ERROR, "Default key / DDTKError"),
        (results.KEY_TYPE_ERROR, "Wrong key type / KeyTypeError"),
        (results.FUNCTION_ERROR, "Not supported / FunctionError"),
        (results.FORMAT_ERROR, "Not a token / FormatError"),
        (results.RANGE_ERROR, "Out of range / RangeError"),
        (results.MFR_CODE_ERROR, "Other maker / MfrCodeError"),
        (results.FIRST_KCT, "Next token / 1stKCT"),
        (results.ACCEPT, "Accepted"),
    )
)


def result_of(shown: str) -> int | None:
    """Return the TokenResult that a display means: its number (short code 802), the standard's
    name, or the words of the display; None when it is none of them."""
    text = _WAIT.sub("", " ".join(shown.lower().split()))
    if re.fullmatch(r"[0-9]{1,2}", text, re.A):
        number = int(text)
        return number if results.NONE < number <= results.FOURTH_KCT else None
    if text in _NAMES:
        return _NAMES[text]
    if text in _WORDS:
        return _WORDS[text]
    named = [code for name, code in _NAMES.items() if text.endswith(f" {name}")]
    return named[0] if named else None


def is_section(result: int | None) -> bool:
    """Return whether the meter waits for the other tokens of a key change."""
    return result in _NEXT
