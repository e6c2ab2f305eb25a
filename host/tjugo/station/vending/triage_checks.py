"""The steps from the meter number to the station's own record of a refused token. Each returns the
reason when it explains the refusal, or None."""

import re

from sqlalchemy import select

from sts_portable import results
from sts_portable import token as sts_token
from sts_portable.errors import StsError
from tjugo.errors import TjugoError
from tjugo.station.registry import status
from tjugo.station.registry.links import current_link
from tjugo.station.registry.meters import checked_drn, known_meter, meter_config
from tjugo.station.registry.replace import successor
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import MeterReading, PlainToken, Token
from tjugo.station.vending import change_rows, owed, targets
from tjugo.station.vending.case import NOTHING, OK, REPLACE, RETYPE, UNKNOWN, Case, Reason
from tjugo.station.vending.mistyped import nearest
from tjugo.station.vending.token_facts import cannot_replace, credited_sentence, facts_of, is_void
from tjugo.station.work import Work

_DAMAGED = "The record of this token is damaged; restore the database from a backup."
_RECENT = 50  # of a meter's tokens, compared with what was typed


def meter_number(work: Work, case: Case) -> Reason | None:
    """Check that the meter is registered and installed, or was replaced by another one."""
    name = "Meter number"
    try:
        meter = known_meter(work, checked_drn(case.typed_drn))
    except TjugoError as error:
        return case.fail(name, Reason(error.code, error.message, (RETYPE,)))
    case.meter, case.config = meter, meter_config(work, meter)
    link = current_link(meter)
    case.customer = None if link is None else f"{link.customer.name} ({link.account_no})"
    case.reading = work.session.get(MeterReading, (work.tenant_id, meter.drn))
    if meter.status == status.REMOVED and (after := successor(work, meter)) is not None:
        link = current_link(after)
        case.customer = None if link is None else f"{link.customer.name} ({link.account_no})"
        sentence = f"Meter {meter.drn} is retired; meter {after.drn} was installed in its place."
        case.step(name, UNKNOWN, sentence)
        return None
    if meter.status != status.INSTALLED:
        sentence = status.sentence(meter.drn, meter.status)
        return case.fail(name, Reason("meter_not_installed", sentence, (NOTHING,)))
    whose = f" of {case.customer}" if case.customer else ""
    case.step(name, OK, f"Meter {meter.drn}{whose} is installed. Compare it with the meter.")
    return None


def digits(work: Work, case: Case) -> Reason | None:
    """Check that there are 20 digits, of a number that a token can have."""
    name = "Digits"
    case.digits = re.sub(r"[\s-]", "", case.typed)
    if not re.fullmatch(r"[0-9]{20}", case.digits, re.A):
        only = re.fullmatch(r"[0-9]*", case.digits, re.A)
        has = f"this has {len(case.digits)}" if only else "this has other characters too"
        return case.fail(name, _mistyped(work, case, f"A token has 20 digits; {has}"))
    if int(case.digits) >= 1 << 66:
        return case.fail(name, _mistyped(work, case, "No token has a number as high as this"))
    case.step(name, OK, "20 digits.")
    return None


def _mistyped(work: Work, case: Case, sentence: str) -> Reason:
    found = _near(work, case)
    if found is None:
        text = f"{sentence}. Read the digits from the receipt again."
        return Reason("digits_invalid", text, (RETYPE,))
    return Reason("mistyped", f"{sentence}: compared with the receipt, {found}.", (RETYPE,))


def _near(work: Work, case: Case) -> str | None:
    """Return how the digits differ from those of a token of this meter, which becomes the case's;
    None if there is none like it."""
    assert case.meter is not None
    of = {"tenant_id": work.tenant_id, "drn": case.meter.drn}
    rows: dict[str, Token | PlainToken] = {}
    newest = select(Token).filter_by(**of).order_by(Token.issued_at.desc()).limit(_RECENT)
    rows |= {
        row.digits: row
        for row in work.session.scalars(newest)
        if not is_void(work, row.client, row.client_id)
    }
    plain = select(PlainToken).filter_by(**of).order_by(PlainToken.issued_at.desc())
    rows |= {row.digits: row for row in work.session.scalars(plain.limit(_RECENT))}
    found = nearest(case.digits, rows)
    if found is None:
        return None
    _take(case, rows[found[0]])
    return found[1]


def _take(case: Case, row: Token | PlainToken) -> None:
    if not intact(row):
        return
    if isinstance(row, Token):
        case.token = row
    else:
        case.plain = row


def ours(work: Work, case: Case) -> Reason | None:
    """Check that this station issued the token, and for this meter."""
    name = "Sold here, for this meter"
    assert case.meter is not None
    of = {"tenant_id": work.tenant_id, "drn": case.meter.drn, "digits": case.digits}
    row: Token | PlainToken | None = work.session.scalars(select(Token).filter_by(**of)).first()
    if row is None:
        newest = select(PlainToken).filter_by(**of).order_by(PlainToken.issued_at.desc())
        row = work.session.scalars(newest).first()
    if row is None:
        reason = _foreign(work, case)
        return None if reason is None else case.fail(name, reason)
    if not intact(row):
        return case.fail(name, Reason("token_damaged", _DAMAGED, (NOTHING,)))
    _take(case, row)
    if case.token is not None:
        case.facts = facts_of(work, case.token)
    case.step(name, OK, f"Issued on {row.issued_at:%Y-%m-%d %H:%M} UTC, for this meter.")
    return None


def credited(work: Work, case: Case) -> Reason | None:
    """Check that the sale of the token is neither void nor credited."""
    name, token = "Credit notes", case.token
    if token is None or token.token_class != 0:
        return None
    if is_void(work, token.client, token.client_id):
        sentence = "The sale of this token is void: nothing is owed for it."
        return case.fail(name, Reason("void", sentence, (NOTHING,)))
    notes, left = owed.notes_on(work, token), owed.left(work, token)
    if left <= 0:
        return case.fail(name, Reason("credited", credited_sentence(work, token), (NOTHING,)))
    if notes:
        some = owed.text(work, token, left)
        sentence = f"Of this token {some} are left after {owed.named(notes)}."
        case.step(name, OK, sentence)
    return None


def changed_out(work: Work, case: Case) -> Reason | None:
    """Return what helps where the meter of the token is retired; None where it is in use."""
    name, token, plain = "Meter of the token", case.token, case.plain
    drn = token.drn if token is not None else plain.drn if plain is not None else None
    assert case.meter is not None
    old = case.meter if drn in (None, case.meter.drn) else known_meter(work, str(drn))
    if old.status != status.REMOVED:
        return None
    if token is None or token.token_class != 0:
        sentence = f"This token is for meter {old.drn}, which is retired: it is of no use now."
        return case.fail(name, Reason("meter_replaced", sentence, (NOTHING,)))
    if case.result in (results.ACCEPT, results.USED_ERROR) and old is case.meter:
        sentence = f"Meter {old.drn} took this token before it was retired."
        return case.fail(name, Reason("used", sentence, (NOTHING,)))
    problem = cannot_replace(work, token)
    if problem is not None:
        return case.fail(name, Reason("meter_replaced", problem, (NOTHING,)))
    after = successor(work, old)
    assert after is not None  # or it could not be replaced
    sentence = (
        f"This token is for meter {old.drn}, which is retired. It can be replaced by one for "
        f"meter {after.drn}, which was installed in its place, unless {old.drn} took it before."
    )
    return case.fail(name, Reason("meter_replaced", sentence, (REPLACE,)))


def _foreign(work: Work, case: Case) -> Reason | None:
    """Return the reason why a token is not one of this meter's; None where it is one of the meter
    before it."""
    assert case.meter is not None
    test = _test_token(case.digits)
    if test is not None:
        return test
    near = _near(work, case)
    if near is not None:
        return Reason("mistyped", f"A digit is mistyped: {near}.", (RETYPE,))
    # Last, because it reads all tokens: there is no index that every sale would pay for.
    elsewhere = select(Token).where(Token.tenant_id == work.tenant_id, Token.digits == case.digits)
    other = work.session.scalars(elsewhere.limit(1)).first()
    if other is not None:
        return _of_other(work, case, other)
    if _decodes(work, case):
        sentence = (
            "The token is made with this meter's key, but this station has no record of it: it "
            "was sold by another system, or after the backup that this station was restored from."
        )
        return Reason("not_recorded", sentence, (NOTHING,))
    sentence = "This station has sold no such token. Compare every digit with the receipt."
    return Reason("not_ours", sentence, (RETYPE,))


def _of_other(work: Work, case: Case, token: Token) -> Reason | None:
    """Return the reason for the token of another meter; None where this one was installed in its
    place: the steps that follow are about that token."""
    assert case.meter is not None
    sentence = f"This token is for meter {token.drn}, not for {case.meter.drn}"
    other = known_meter(work, token.drn)
    if other.status != status.REMOVED:
        return Reason("other_meter", f"{sentence}: enter it there.", (NOTHING,))
    if successor(work, other) is not case.meter:
        return Reason("other_meter", f"{sentence}; that meter is retired.", (NOTHING,))
    if not intact(token):
        return Reason("token_damaged", _DAMAGED, (NOTHING,))
    case.token, case.facts = token, facts_of(work, token)
    return None


def _test_token(text: str) -> Reason | None:
    try:
        found = sts_token.decode(text) if sts_token.split(text)[0] == 1 else None
    except StsError:
        return None
    if found is None:
        return None
    sentence = "This is a test token, which any meter takes: it displays data and adds no credit."
    return Reason("test_token", sentence, (NOTHING,))


def _decodes(work: Work, case: Case) -> bool:
    assert case.meter is not None
    assert case.config is not None
    others = [register for register, _ in change_rows.registers(work, case.meter.drn)]
    configs = [case.config, *(targets.with_register(case.config, one) for one in others)]
    for config in configs:
        try:
            if work.backend.verify_token(config, case.digits) is not None:
                return True
        except TjugoError:  # a vending key that is no longer there
            continue
    return False
