"""The meaning of a delivery's result, for people."""

from sts_portable import results
from tjugo.station.delivery.jobs import UNCHECKED, Ack

_SENTENCES = {
    results.OVERFLOW_ERROR: "the meter cannot hold so much credit; it can be entered later",
    results.KEY_TYPE_ERROR: "the meter's key is of a type that may not do this",
    results.FORMAT_ERROR: "the token has a field that the meter does not support",
    results.RANGE_ERROR: "a value in the token is outside the meter's range",
    results.FUNCTION_ERROR: "the meter does not have this function",
    results.OLD_ERROR: "the token is older than all the meter remembers",
    results.USED_ERROR: "the meter has had this token already",
    results.KEY_EXPIRED_ERROR: "the meter's key has expired",
    results.DDTK_ERROR: "the meter has its default key only, which cannot take credit",
    results.CRC_ERROR: "the token is not for this meter or its key",
    results.LOCKOUT_ERROR: "the meter is locked after too many wrong entries; try later",
}


def accepted(code: int) -> bool:
    """Return whether the meter accepted the token."""
    return code == results.ACCEPT


def sentence(code: int) -> str | None:
    """Return why a token was not accepted, with the standard's name of the result; None when it
    was accepted."""
    if accepted(code):
        return None
    return ": ".join(part for part in (results.name(code), _SENTENCES.get(code)) if part)


UNPROVED = "the answer has no proof that it is the meter's: its firmware gives none"
_WRONG = "the proof is wrong: the answer is forged, or the meter has another key"
_MISSING = "the answer has no proof, which this meter gives: it may be forged"


def held_sentence(ack: Ack) -> str:
    """Return why a result is not taken for the meter's."""
    said = results.name(ack.result or 0)
    if ack.standing == UNCHECKED:
        return f"{said} was reported, and cannot be checked: {ack.why}"
    why = _MISSING if ack.proof is None else _WRONG
    return f"{said} was reported, but {why}. The meter is asked again"


SECTIONS = (results.FIRST_KCT, results.SECOND_KCT, results.THIRD_KCT, results.FOURTH_KCT)
"""The results of a section while the meter has not the whole set."""


def section_sentence(code: int, last: bool) -> str | None:
    """Return why a section of a key change was not accepted; None when it was. last: of its set,
    with which the meter must have its new key."""
    if code in SECTIONS:
        text = "the meter waits for another section, so the whole set must be entered again"
        return f"{results.name(code)}: {text}" if last else None
    return sentence(code)
