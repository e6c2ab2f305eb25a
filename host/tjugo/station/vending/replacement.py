"""Replacement of a credit token that the meter can never accept, approved by a second person.

The replaced token names the request, so that no token is replaced twice. Where its meter is
retired, the token is replaced by one for the meter that was installed in its place.
"""

from typing import Any

from tjugo.errors import TjugoError, reason
from tjugo.station.audit import chain
from tjugo.station.operators import approvals
from tjugo.station.registry.meters import known_meter
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import Token, VendRequest
from tjugo.station.vending import asked as requests
from tjugo.station.vending import carry_over, change_out, keychange, owed, token_facts
from tjugo.station.vending.asked import Outcome
from tjugo.station.vending.credit import add_credit
from tjugo.station.vending.seller import Seller
from tjugo.station.work import Work

ACTION = carry_over.ACTION


def replace(
    work: Work,
    drn: str,
    bdt: str,
    tid: int,
    tenths: int | None,
    why: str,
    seller: Seller | None = None,
    client: str | None = None,
) -> Outcome:
    """Ask for the replacement of a credit token, or return what became of it.

    tenths: of a kWh that are still owed, at most what is left of the token, which None stands for;
    a token of money is replaced for all that is left of it. client: only a token that this client
    sold, None any. seller: see asked.recorded. Raise TjugoError when the token can still be used,
    or was.
    """
    token = _token(work, drn, bdt, tid)
    if client is not None and token.client != client:
        raise _unknown(drn, tid)
    client_id = owed.replacement_id(token)
    if tenths is None:
        units = _asked_before(work, client_id, token) or owed.left(work, token)
    else:
        units = _checked(work, token, tenths)
    asked = {"kind": "replacement", "bdt": bdt, "tid": tid, _unit(token): units}
    drn = _request_drn(work, client_id) or change_out.target(work, token.drn).drn
    row = requests.recorded(work, owed.REPLACEMENT, client_id, drn, asked, seller)
    if row.state == "received" and requests.approval_of(row) is None:
        problem = token_facts.cannot_replace(work, token)
        if problem is not None:
            raise reason("replacement_refused", problem)
        notes = _check_left(work, token, units)
        of = {"client": row.client, "client_id": row.client_id}
        some = owed.text(work, token, units)
        old = "" if row.drn == token.drn else f" of retired meter {token.drn}"
        subject = f"meter {row.drn}: {some} of TID {tid}{old}{notes}: {why}"
        requests.wait_for(row, approvals.ask(work, ACTION, subject, of))
        work.session.flush()
    return requests.outcome_of(work, row)


def _unit(token: Token) -> str:
    """Return the name of the recorded amount: tenths of a kWh, or credit in 1e-5 of the
    currency."""
    return "tenths" if token.credit is None else "credit"


def _checked(work: Work, token: Token, tenths: int) -> int:
    """Return the tenths that are asked for. Raise TjugoError when the token does not carry
    them."""
    if token.credit is not None:
        raise reason(
            "replacement_refused",
            "The token carries money, not kWh: it is replaced for all that is left of it.",
        )
    if not 0 < tenths <= token.units_tenths:
        raise reason(
            "replacement_refused",
            f"The token carries {token.units_tenths / 10:.1f} kWh; more than that, or nothing, "
            "cannot be replaced.",
        )
    return tenths


def _asked_before(work: Work, client_id: str, token: Token) -> int | None:
    """Return for how much a replacement was asked before, or None."""
    row = work.session.get(VendRequest, (work.tenant_id, owed.REPLACEMENT, client_id))
    return None if row is None else requests.asked_of(row).get(_unit(token))


def _request_drn(work: Work, client_id: str) -> str | None:
    """Return the meter of an earlier request for the replacement, or None."""
    row = work.session.get(VendRequest, (work.tenant_id, owed.REPLACEMENT, client_id))
    return None if row is None else row.drn


def _check_left(work: Work, token: Token, units: int) -> str:
    """Return the credit notes of the token's sale, for the subject. Raise TjugoError when less is
    left of the token."""
    notes = owed.notes_on(work, token)
    if not notes:
        return ""
    left = owed.left(work, token)
    if units > left:
        raise reason(
            "replacement_refused",
            f"Of this token {owed.text(work, token, left)} are left after {owed.named(notes)}; "
            "more cannot be replaced.",
        )
    return f" (left after {owed.named(notes)})"


def approved(work: Work, payload: dict[str, Any]) -> None:
    """Issue the replacement that was approved: no more than is left of the token by then. payload:
    client and client_id."""
    key = work.tenant_id, payload["client"], payload["client_id"]
    row = work.session.get_one(VendRequest, key)
    asked = requests.asked_of(row)
    if carry_over.METER in asked:
        carry_over.approved(work, row)
        return

    def issue() -> bool:
        old = known_meter(work, owed.replaced_drn(row.client_id), lock=True)
        token = _token(work, old.drn, str(asked["bdt"]), int(asked["tid"]))
        meter = known_meter(work, change_out.target(work, old.drn).drn, lock=True)
        row.drn = meter.drn  # another one than was asked for, if the meter was replaced since
        problem = token_facts.cannot_replace(work, token)
        if problem is not None:
            raise reason("replacement_refused", problem)
        keychange.check_installed(meter)
        units = min(int(asked[_unit(token)]), owed.left(work, token))
        made = add_credit(work, row, meter, units)
        issued = made.units_tenths if made.credit is None else made.credit
        of = "" if meter.drn == token.drn else f" of meter {token.drn}"
        text = f"{owed.text(work, made, issued)} in place of TID {token.tid}{of}"
        chain.record(work, ACTION, f"meter {meter.drn}", text)
        return True

    requests.decide(work, row, issue)


def _token(work: Work, drn: str, bdt: str, tid: int) -> Token:
    token = work.session.get(Token, (work.tenant_id, drn, bdt, tid))
    if token is None or token.token_class != 0:
        raise _unknown(drn, tid)
    if not intact(token):
        raise reason("token_damaged", f"The record of the token with TID {tid} is damaged.")
    return token


def _unknown(drn: str, tid: int) -> TjugoError:
    return reason("token_unknown", f"No credit token with TID {tid} was sold to meter {drn}.")


approvals.register(approvals.Action(ACTION, approved, "sales.replace", "Replace a token"))
