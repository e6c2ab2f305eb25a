"""The meter refused a token: why, and what helps.

The steps are those of the field's support desks: meter number, digits, is it ours and for this
meter, SGC, KRN, TI and base date, used, too old, key expired, and what the meter displayed. The
first step that explains the refusal gives the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sts_portable import results
from tjugo import counted
from tjugo.errors import reason as error_of
from tjugo.station.storage.tables import Token
from tjugo.station.vending import (
    answers,
    change_rows,
    owed,
    token_facts,
    triage_checks,
    triage_key,
)
from tjugo.station.vending.asked import Printed
from tjugo.station.vending.case import (
    CONFIRM,
    FAILED,
    KEY_CHANGE,
    NOTHING,
    OK,
    PLAN,
    REPLACE,
    RESEND,
    RETYPE,
    UNKNOWN,
    WAIT,
    Case,
    Reason,
    Step,
)
from tjugo.station.work import Work

# What the meter displayed, where the token itself is as it should be.
_ANSWERS = {
    results.ACCEPT: Reason("accepted", "The meter accepted this token.", (CONFIRM, NOTHING)),
    results.OVERFLOW_ERROR: Reason(
        "too_much_credit",
        "The meter cannot hold so much credit now. The token stays good: enter it when some "
        "credit is used.",
        (RESEND,),
    ),
    results.LOCKOUT_ERROR: Reason(
        "locked",
        "The meter is locked after too many wrong entries. Wait, then enter the token again.",
        (WAIT, RESEND),
    ),
    results.DDTK_ERROR: Reason(
        "default_key",
        "The meter has its default key, which takes no credit: it needs a key change.",
        (PLAN,),
    ),
    results.KEY_TYPE_ERROR: Reason(
        "key_type", "The meter's key may not be changed to a key of this type.", (NOTHING,)
    ),
    results.FUNCTION_ERROR: Reason(
        "no_function", "The meter does not have the function of this token.", (NOTHING,)
    ),
    results.FORMAT_ERROR: Reason(
        "mistyped", "The digits that were entered are not a token: enter all 20 again.", (RETYPE,)
    ),
    results.RANGE_ERROR: Reason(
        "out_of_range", "A value in this token is outside the meter's range.", (NOTHING,)
    ),
    results.MFR_CODE_ERROR: Reason(
        "other_maker", "The token is for meters of another manufacturer.", (NOTHING,)
    ),
    results.CRC_ERROR: Reason(
        "wrong_token",
        "The token and the record of the meter agree, so a digit was mistyped at the meter, or "
        f"the meter has another key. The token {triage_key.KRN_TOKEN} displays its KRN.",
        (RETYPE, RESEND),
    ),
}
_NO_FAULT = Reason(
    "no_fault",
    "Nothing is wrong with this token: enter it again, and report what the meter displays.",
    (RESEND,),
)


@dataclass(frozen=True)
class Triage:
    """The answer. steps: in their order; token: the digits that the customer is to enter, or those
    that were refused, None if the station has none; bdt, tid, tenths: of a token with credit,
    the last without what was credited; credit: in place of tenths of a token of money, in major
    units; first: the key change tokens to be entered before it; token_drn: whose it is."""

    drn: str
    customer: str | None
    steps: tuple[Step, ...]
    code: str
    sentence: str
    offers: tuple[str, ...]
    token: str | None
    bdt: str | None
    tid: int | None
    tenths: int | None
    client: str | None
    client_id: str | None
    credit: str | None = None
    first: tuple[Printed, ...] = ()
    token_drn: str | None = None

    def grouped(self) -> str:
        """Return the digits in five groups of four."""
        digits = self.token or ""
        return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def examine(
    work: Work, drn: str, digits: str, shown: str = "", seen: Mapping[str, int] | None = None
) -> Triage:
    """Examine a token that a meter refused; nothing is changed.

    drn and digits: as typed. shown: what the meter displayed, "" for unknown; see answers.py.
    seen: the key register that the meter displays, by field. Raise TjugoError when `shown` is not
    what a meter displays.
    """
    case = Case(drn[:40], digits[:80], answers.result_of(shown), seen or {})
    if shown.strip() and case.result is None:
        raise error_of("engineering_invalid", f"No meter displays {shown.strip()[:40]!r}.")
    for check in _CHECKS:
        reason = check(work, case)
        if reason is not None:
            return _triage(work, case, reason)
    return _triage(work, case, _displayed(case))


def _used(_work: Work, case: Case) -> Reason | None:
    if case.facts is None:
        return None
    if case.facts.reported and case.result != results.USED_ERROR:
        at = f"{case.facts.used_at:%Y-%m-%d %H:%M} UTC"
        case.step("Used", UNKNOWN, f"Its collector reports that it took it, on {at}; not proved.")
        return None
    if case.facts.used_at is not None:
        sentence = (
            f"The meter took this token on {case.facts.used_at:%Y-%m-%d %H:%M} UTC, from its "
            "collector: its credit was added then."
        )
        return case.fail("Used", Reason("used", sentence, (NOTHING,)))
    if case.result == results.USED_ERROR:
        sentence = "The meter has taken this token before: its credit was added then, once."
        return case.fail("Used", Reason("used", sentence, _and_confirm(case, NOTHING)))
    case.step("Used", UNKNOWN, "No collector has reported that the meter took it.")
    return None


def _old(_work: Work, case: Case) -> Reason | None:
    if case.facts is None:
        return None
    newer = case.facts.newer
    if newer >= token_facts.STORE and case.result in (None, results.OLD_ERROR):
        sentence = (
            f"{newer} newer tokens were sold to this meter, which keeps {token_facts.STORE}: it "
            "refuses this one as too old. It can be replaced."
        )
        return case.fail("Age", Reason("old", sentence, (REPLACE,)))
    if case.result == results.OLD_ERROR:
        sentence = (
            f"The meter has {token_facts.STORE} newer tokens, but only {newer} were sold here: it "
            "took tokens with later times, of another system or of a wrong clock. It needs a key "
            "change to a new base date."
        )
        return case.fail("Age", Reason("old_doubtful", sentence, (PLAN,)))
    case.step("Age", OK, f"{newer} newer tokens were sold to this meter, which keeps 50.")
    return None


def _expired(_work: Work, case: Case) -> Reason | None:
    if case.facts is None:
        return None
    if case.facts.expired or case.result == results.KEY_EXPIRED_ERROR:
        sentence = "The key expired before this token: the meter needs a key change."
        offers = (PLAN, REPLACE) if case.facts.expired else (PLAN,)
        return case.fail("Key expiry", Reason("key_expired", sentence, offers))
    case.step("Key expiry", OK, "The key is not expired at the time of this token.")
    return None


def _displayed(case: Case) -> Reason:
    """Return the reason by what the meter displayed alone."""
    if case.result is None:
        case.step("The meter's answer", UNKNOWN, "What the meter displayed is not known.")
        return _NO_FAULT
    reason = _ANSWERS.get(case.result, _NO_FAULT)
    if case.result == results.FUNCTION_ERROR and case.token and case.token.token_class == 0:
        reason = _counts_other(case.token)
    if case.result == results.ACCEPT:
        reason = Reason(reason.code, reason.sentence, _and_confirm(case, NOTHING))
    state = OK if case.result == results.ACCEPT else FAILED
    case.step("The meter's answer", state, f"{results.name(case.result)}. {reason.sentence}")
    return reason


def _counts_other(token: Token) -> Reason:
    """Return the reason of a meter that does not have the function of a credit token."""
    what, counts = ("in money", "money") if token.credit is not None else ("of energy", "energy")
    sentence = (
        f"The meter takes no credit {what}, but it is registered as one that counts {counts}: "
        "compare its type. The sale is credited, and the meter registered as it is."
    )
    return Reason("no_function", sentence, (NOTHING,))


def _and_confirm(case: Case, *offers: str) -> tuple[str, ...]:
    """Return the offers, with the confirmation of the key change which the answer proves."""
    pending = case.facts is not None and case.facts.key == token_facts.PENDING
    return (CONFIRM, *offers) if pending else offers


_CHECKS = (
    *(triage_checks.meter_number, triage_checks.digits, triage_checks.ours),
    triage_checks.credited,
    triage_checks.changed_out,
    *(triage_key.key, _used, _old, _expired),
)


def _triage(work: Work, case: Case, reason: Reason) -> Triage:
    source, token = case.token or case.plain, case.token
    left = owed.left(work, token) if token and token.token_class == 0 else None
    money = left is not None and token is not None and token.credit is not None
    more = KEY_CHANGE in reason.offers
    return Triage(
        drn=case.meter.drn if case.meter else "",
        customer=case.customer,
        steps=tuple(case.steps),
        code=reason.code,
        sentence=reason.sentence,
        offers=reason.offers,
        token=source.digits if source else None,
        bdt=token.bdt if token else None,
        tid=token.tid if token else None,
        tenths=None if money else left,
        credit=counted.digits(left, work.tenant.currency) if money and left is not None else None,
        client=source.client if source else None,
        client_id=source.client_id if source else None,
        first=change_rows.printed(work, case.meter.drn) if case.meter and more else (),
        token_drn=source.drn if source else None,
    )
