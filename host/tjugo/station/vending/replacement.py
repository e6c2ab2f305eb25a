"""Replacement of a credit token that the meter can never accept, approved by a second person.

The replaced token names the request, so that no token is replaced twice.
"""

from typing import Any

from tjugo.errors import TjugoError, reason
from tjugo.station.audit import chain
from tjugo.station.operators import approvals
from tjugo.station.registry.meters import known_meter
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import Token, VendRequest
from tjugo.station.vending import asked as requests
from tjugo.station.vending import keychange, token_facts
from tjugo.station.vending.asked import Outcome
from tjugo.station.vending.credit import add_credit
from tjugo.station.vending.seller import Seller
from tjugo.station.work import Work

ACTION = "sales.replace"
CLIENT = "replacement"


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

    tenths: of a kWh that are still owed, at most what the token carries, which None stands for;
    client: only a token that this client sold, None any.
    seller: see asked.recorded. Raise TjugoError when the token can still be used, or was.
    """
    token = _token(work, drn, bdt, tid)
    if client is not None and token.client != client:
        raise _unknown(drn, tid)
    owed = token.units_tenths if tenths is None else tenths
    if not 0 < owed <= token.units_tenths:
        raise reason(
            "replacement_refused",
            f"The token carries {token.units_tenths / 10:.1f} kWh; more than that, or nothing, "
            "cannot be replaced.",
        )
    asked = {"kind": "replacement", "bdt": bdt, "tid": tid, "tenths": owed}
    client_id = f"{token.drn}-{bdt}-{tid}"
    row = requests.recorded(work, CLIENT, client_id, token.drn, asked, seller)
    if row.state == "received" and requests.approval_of(row) is None:
        problem = token_facts.cannot_replace(work, token)
        if problem is not None:
            raise reason("replacement_refused", problem)
        of = {"client": row.client, "client_id": row.client_id}
        subject = f"meter {token.drn}: {owed / 10:.1f} kWh of TID {tid}: {why}"
        requests.wait_for(row, approvals.ask(work, ACTION, subject, of))
        work.session.flush()
    return requests.outcome_of(work, row)


def approved(work: Work, payload: dict[str, Any]) -> None:
    """Issue the replacement that was approved. payload: client and client_id."""
    key = work.tenant_id, payload["client"], payload["client_id"]
    row = work.session.get_one(VendRequest, key)
    asked = requests.asked_of(row)

    def issue() -> bool:
        meter = known_meter(work, row.drn, lock=True)
        keychange.check_installed(meter)
        token = _token(work, row.drn, str(asked["bdt"]), int(asked["tid"]))
        problem = token_facts.cannot_replace(work, token)
        if problem is not None:
            raise reason("replacement_refused", problem)
        add_credit(work, row, meter, int(asked["tenths"]))
        text = f"{int(asked['tenths']) / 10:.1f} kWh in place of TID {token.tid}"
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
