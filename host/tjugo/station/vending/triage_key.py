"""The steps about the key: with which of the meter's keys a refused token was made, and which one
the meter has."""

from sts_portable import results
from tjugo.key_register import KeyRegister, written
from tjugo.station.storage.tables import KeyChange
from tjugo.station.vending import answers, change_rows, set_views, targets, token_facts
from tjugo.station.vending.case import (
    CONFIRM,
    FAILED,
    KEY_CHANGE,
    NOTHING,
    OK,
    REGISTER,
    REPLACE,
    RESEND,
    RETYPE,
    UNKNOWN,
    Case,
    Reason,
)
from tjugo.station.work import Work

KRN_TOKEN = "1844 6744 0738 4377 2416"
"""Class 1: displays the KRN on every meter."""
_NAME = "SGC, KRN, TI, base date"


def key(work: Work, case: Case) -> Reason | None:
    """Check that the meter has the key with which the token was made."""
    assert case.config is not None
    known = case.known_register()
    change = change_rows.open_change(work, case.config.drn)
    issued = change if change is not None and change.state == change_rows.ISSUED else None
    if issued is not None:
        _delivery(work, case, issued)
    if case.plain is not None:
        return _section(work, case, issued) if case.plain.token_class == 2 else None
    assert case.facts is not None
    reason = _of_token(work, case, issued, known)
    if reason is not None:
        return case.fail(_NAME, reason)
    if known:
        case.step(_NAME, OK, f"The meter has {_text(known)}, as in the token.")
    else:
        has = _text({name: getattr(case.config, name) for name in REGISTER})
        sentence = f"The token is for {has}. {_ask(case.config.krn)}"
        case.step(_NAME, UNKNOWN, sentence)
    return None


def _delivery(work: Work, case: Case, issued: KeyChange) -> None:
    """Note how far the meter's collector is with the key change tokens."""
    found = set_views.set_views(work, [issued]).get((issued.client, issued.client_id))
    if found is None:
        return
    sentence = (
        f"Collector {found.collector_id}: {found.accepted} of {len(found.sections)} key change "
        f"tokens accepted{f'; {found.reason}' if found.reason else ''}."
    )
    state = FAILED if found.state == set_views.STOPPED else UNKNOWN
    case.step("Key change by the collector", state, sentence)


def _of_token(
    work: Work, case: Case, issued: KeyChange | None, known: dict[str, int]
) -> Reason | None:
    assert case.facts is not None
    assert case.config is not None
    made = case.facts.key
    authentic = case.result in answers.AUTHENTIC
    if made == token_facts.PENDING and issued is not None:
        if _has(known, targets.from_text(issued.target)) or authentic:
            return None if not _has(known, case.config) else _first(issued)
        return _first(issued)
    if made in (token_facts.REPLACED, token_facts.CANCELLED) and not authentic:
        return _former(work, case, known)
    if made != token_facts.CURRENT or authentic:
        return None
    if issued is not None and _has(known, targets.from_text(issued.target)):
        return _before(True)
    if issued is not None and case.result == results.CRC_ERROR and not known:
        return _before(False)
    if known and not _has(known, case.config):
        has, kept = _text(known), {name: getattr(case.config, name) for name in known}
        return _other_key(work, case, has, _text(kept))
    return None


def _first(change: KeyChange) -> Reason:
    return Reason(
        "key_change_first",
        "The token is made with the meter's new key: the key change tokens "
        f"({targets.differences(_replaced(change), targets.from_text(change.target))}) are to be "
        "entered first, in the order of the receipt, within 10 minutes.",
        (KEY_CHANGE, RESEND),
    )


def _before(certain: bool) -> Reason:
    verb = "has" if certain else "may have"
    return Reason(
        "key_changed",
        f"The token is made with the meter's former key, and the meter {verb} the new one: "
        "confirm the key change, then replace the token.",
        (CONFIRM, REPLACE),
    )


def _former(work: Work, case: Case, known: dict[str, int]) -> Reason | None:
    assert case.config is not None
    if known and not _has(known, case.config):
        has, kept = _text(known), {name: getattr(case.config, name) for name in known}
        return _other_key(work, case, has, _text(kept))
    return Reason(
        "old_key",
        "The token is made with a key that the meter does not have: its key was changed, or the "
        "change was cancelled. It can be replaced.",
        (REPLACE,),
    )


def _other_key(work: Work, case: Case, has: str, kept: str) -> Reason:
    """Return the reason where the meter has another key than the station's record; the tokens of
    the last key change lead from the former key to the recorded one."""
    assert case.config is not None
    last = change_rows.last_change(work, case.config.drn)
    sentence = f"The meter has {has}, the station's record {kept}."
    if last is not None and _has(case.known_register(), _replaced(last)):
        again = f"{sentence} The meter did not take its key change: enter its tokens first."
        return Reason("key_change_missed", again, (KEY_CHANGE, RESEND))
    return Reason("other_key", f"{sentence} Correct the record of the meter.", (NOTHING,))


def _section(work: Work, case: Case, issued: KeyChange | None) -> Reason | None:
    """Return the reason for a token of a key change."""
    if answers.is_section(case.result):
        sentence = (
            "The meter took this token and waits for the others of the key change: enter them "
            "within 10 minutes, in any order."
        )
        return case.fail(_NAME, Reason("next_token", sentence, (KEY_CHANGE,)))
    if case.result not in (None, results.CRC_ERROR, results.RANGE_ERROR):
        return None
    if issued is None:
        sentence = "The meter has this key change already: go on with the token after it."
        return case.fail(_NAME, Reason("key_change_done", sentence, (NOTHING,)))
    sentence = (
        "Either the meter has this key change already, or a digit was mistyped. Try the credit "
        "token that follows: if the meter takes it, confirm the key change."
    )
    return case.fail(_NAME, Reason("key_change_doubtful", sentence, (RETYPE, KEY_CHANGE, CONFIRM)))


def _replaced(change: KeyChange) -> KeyRegister:
    return targets.from_text(change.replaced or change.target)


def _has(known: dict[str, int], register: KeyRegister) -> bool:
    """Return whether what is known of the meter's register agrees with this one; False if nothing
    is known."""
    return bool(known) and all(getattr(register, name) == known[name] for name in known)


def _text(register: dict[str, int]) -> str:
    return ", ".join(f"{name.upper()} {written(name, found)}" for name, found in register.items())


def _ask(krn: int) -> str:
    return f"The token {KRN_TOKEN} displays the meter's KRN, which must be {krn}."
