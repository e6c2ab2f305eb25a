"""Engineering tokens: each is a recorded request, once for each client id, like a sale.

A kind that needs the approval of a second person waits for it; the same client id then answers
with the token.
"""

from typing import Any

from sqlalchemy import select

from tjugo.station import clock
from tjugo.station.audit import chain
from tjugo.station.operators import approvals
from tjugo.station.registry.meters import checked_drn, known_meter, meter_config
from tjugo.station.storage.tables import Meter, MeterReading, VendRequest
from tjugo.station.vending import asked as requests
from tjugo.station.vending import keychange, kinds
from tjugo.station.vending.asked import Outcome
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.tokens import add_plain, add_token
from tjugo.station.vending.views import NO_SALE
from tjugo.station.work import View, Work

ASK, ISSUE = "engineering.ask", "engineering.issue"


def request(
    work: Work,
    client: str,
    client_id: str,
    drn: str | None,
    kind: str,
    value: int | None = None,
    index: int | None = None,
    seller: Seller | None = None,
) -> Outcome:
    """Issue an engineering token, ask for its approval, or return what was done under this client
    id. A refusal is recorded and final; commit it before it is reported.

    drn None: for any meter, of class 1 only; value and index: see kinds.KINDS; seller: whose
    receipt it gets, see asked.recorded. Raise TjugoError when the request cannot be recorded;
    Conflict when the id was used for something else; Unavailable when a retry may succeed.
    """
    asked = kinds.checked(kind, value, index)
    number = "" if drn is None else checked_drn(drn)
    row = requests.recorded(work, client, client_id, number, asked, seller)
    requests.decide(work, row, lambda: _issue(work, row, asked, approved=False))
    return requests.outcome_of(work, row)


def approved(work: Work, payload: dict[str, Any]) -> None:
    """Issue the token of a request whose approval was given. payload: client and client_id."""
    key = work.tenant_id, payload["client"], payload["client_id"]
    row = work.session.get_one(VendRequest, key)
    asked = requests.asked_of(row)
    requests.decide(work, row, lambda: _issue(work, row, asked, approved=True))


def _issue(work: Work, row: VendRequest, asked: dict[str, Any], approved: bool) -> bool:
    """Issue the token, or return False because its approval is asked for. Raise TjugoError."""
    kind = kinds.kind_of(str(asked["kind"]))
    if not row.drn and kind.token_class != 1:
        raise kinds.needs_meter(kind)
    meter = known_meter(work, row.drn, lock=True) if row.drn else None
    if meter is not None:
        keychange.check_installed(meter)
    if meter is not None and not approved and _risky(work, meter, kind, asked):
        if requests.approval_of(row) is None:
            of = {"client": row.client, "client_id": row.client_id}
            subject = f"meter {meter.drn}: {kinds.described(asked)}"
            requests.wait_for(row, approvals.ask(work, ASK, subject, of))
        return False
    subject = "any meter" if meter is None else f"meter {meter.drn}"
    chain.record(work, ISSUE, subject, kinds.described(asked))
    if meter is None or kind.token_class == 1:
        drn = None if meter is None else meter.drn
        subclass, test = kinds.test_of(asked, drn)
        digits = work.backend.issue_meter_test_token(subclass, test)
        add_plain(work, (row.client, row.client_id), drn, [(1, subclass, digits)])
    else:
        _issue_class_2(work, row, meter, kind, kinds.values_of(asked))
    return True


def _risky(work: Work, meter: Meter, kind: kinds.Kind, asked: dict[str, Any]) -> bool:
    """Return whether a second person must approve it. A limit that the meter has not reported is
    unknown, and so is whether the new one is above it."""
    if kind.approval != kinds.ABOVE:
        return kind.approval == kinds.ALWAYS
    reading = work.session.get(MeterReading, (work.tenant_id, meter.drn))
    limit = None if reading is None else reading.power_limit_w
    return limit is None or int(asked["value"]) > limit


def _issue_class_2(
    work: Work, row: VendRequest, meter: Meter, kind: kinds.Kind, values: dict[str, int]
) -> None:
    """Issue a token with a TID; the tokens of a key change that is not confirmed come first."""
    clock.check(work)
    config, position = meter_config(work, meter), 0
    planned = keychange.due(work, [meter.drn]).get(meter.drn)
    if planned is not None and planned.again:
        made = keychange.issue(work, config, planned, row.client, row.client_id)
        config, position = made.config, len(made.tokens)

    def digits(tid: int) -> str:
        rnd = work.randbelow(16)
        return work.backend.issue_mse_token(config, kind.subclass, values, tid, rnd)

    add_token(work, row, config, (2, kind.subclass), digits, position=position)


def recent(view: View, limit: int = 20) -> list[Outcome]:
    """Return the newest requests for other tokens than sales, with their outcomes."""
    query = (
        select(VendRequest)
        .where(
            VendRequest.tenant_id == view.tenant_id,
            VendRequest.kwh.is_(None),
            VendRequest.money.is_(None),
            NO_SALE,
        )
        .order_by(VendRequest.created_at.desc(), VendRequest.client_id.desc())
        .limit(limit)
    )
    return [requests.outcome_of(view, row) for row in view.session.scalars(query)]


approvals.register(
    approvals.Action(ASK, approved, "engineering.approve", "Issue an engineering token")
)
