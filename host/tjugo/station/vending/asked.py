"""Requests for tokens other than a sale: recorded like a sale, once for each client id.

`asked` in table vend_request holds {"asked": what was requested, "seller": by whom and where,
"approval": its number}; by the first word it is told from a sale.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import Approval, PlainToken, Token, VendRequest
from tjugo.station.vending import plain_receipt
from tjugo.station.vending.seller import Seller, of_stored
from tjugo.station.vending.views import Refusal
from tjugo.station.work import View, Work

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_ASKED, _APPROVAL, _SELLER = "asked", "approval", "seller"
_DAMAGED = "is damaged and its digits are not shown; restore the database from a backup."


@dataclass(frozen=True)
class Printed:
    """A token of a request. kind: such as `key_change_1`, `clear_credit`, `credit`. tenths: of a
    kWh, of credit only; credit: of a token of money, in 1e-5 of the currency. tid None: it has
    none."""

    kind: str
    digits: str
    token_class: int
    subclass: int
    tid: int | None = None
    tenths: int | None = None
    credit: int | None = None

    def grouped(self) -> str:
        """Return the 20 digits in five groups of four, as printed."""
        return " ".join(self.digits[i : i + 4] for i in range(0, 20, 4))


@dataclass(frozen=True)
class Issued:
    """A request with its tokens, in the order of entry. asked: as requested; drn "": for any
    meter."""

    client: str
    client_id: str
    drn: str
    asked: dict[str, Any]
    tokens: tuple[Printed, ...]
    issued_at: datetime


@dataclass(frozen=True)
class Waiting:
    """A request that waits for the decision of another person. approval: its number."""

    client: str
    client_id: str
    drn: str
    asked: dict[str, Any]
    approval: str
    asked_at: datetime


Outcome = Issued | Waiting | Refusal


def recorded(
    work: Work,
    client: str,
    client_id: str,
    drn: str,
    asked: Mapping[str, Any],
    seller: Seller | None = None,
) -> VendRequest:
    """Return the row of the request: a new one, or that of an earlier identical request. seller:
    whose receipt it gets, None: the actor's at the main outlet. Raise TjugoError when it cannot be
    recorded; Conflict when the id was used for something else."""
    client = client[:40]
    if not _ID.fullmatch(client_id) or not _ID.fullmatch(client):
        raise reason(
            "request_id_invalid", "A request id is 1 to 64 letters, digits, dots, colons, hyphens."
        )
    key = (work.tenant_id, client, client_id)
    drn = drn[:20].encode("ascii", "replace").decode()
    row = work.session.get(VendRequest, key)
    if row is None:
        row = VendRequest(
            tenant_id=work.tenant_id,
            client=client,
            client_id=client_id,
            drn=drn,
            asked=json.dumps({_ASKED: dict(asked), **_of_seller(seller)}),
            state="received",
            created_at=work.now(),
        )
        try:
            with work.session.begin_nested():
                work.session.add(row)
            return row
        except IntegrityError:  # another writer was first
            row = work.session.get_one(VendRequest, key)
    if (row.drn, asked_of(row)) != (drn, dict(asked)):
        raise reason(
            "request_id_used",
            f"The request id {client_id} was used before, for something else. A new request needs "
            "a new id.",
        )
    return row


def asked_of(row: VendRequest) -> dict[str, Any]:
    """Return what was requested; {} for a sale."""
    found = _stored(row).get(_ASKED)
    return found if isinstance(found, dict) else {}


def _of_seller(seller: Seller | None) -> dict[str, Any]:
    return {} if seller is None else {_SELLER: seller.stored()}


def seller_of(work: Work, row: VendRequest) -> Seller:
    """Return whose receipt a request gets: that of the person who asked, also where another person
    approved it."""
    found = _stored(row).get(_SELLER)
    return Seller(work.actor) if found is None else of_stored(found)


def wait_for(row: VendRequest, approval: str) -> None:
    """Record that the request waits for an approval."""
    row.asked = json.dumps({**_stored(row), _APPROVAL: approval})


def approval_of(row: VendRequest) -> str | None:
    """Return the number of the request's approval, or None."""
    found = _stored(row).get(_APPROVAL)
    return None if found is None else str(found)


def _stored(row: VendRequest) -> dict[str, Any]:
    found = json.loads(row.asked) if row.asked else {}
    return found if isinstance(found, dict) else {}


def decide(work: Work, row: VendRequest, issue: Callable[[], bool]) -> None:
    """Issue the tokens of a request, or record the reason for its refusal. issue: returns whether
    the tokens are issued; False: it waits. Raise Unavailable, with nothing recorded, when a retry
    may succeed."""
    if row.state != "received":
        return
    try:
        with work.session.begin_nested():
            if not issue():
                return
            kind = str(asked_of(row).get("kind", ""))
            made = tokens_of(work, row.client, row.client_id, kind)
            plain_receipt.write(work, row, kind, made, seller_of(work, row))
        row.state = "token_issued"
    except Unavailable:
        raise
    except TjugoError as error:
        row.state, row.reason, row.code = "failed", error.message[:400], error.code
    row.finished_at = work.now()
    work.session.flush()
    work.session.expire(row)


def outcome_of(view: View, row: VendRequest) -> Outcome:
    """Return the outcome of a request. Raise Unavailable when the record of a token is damaged."""
    if row.state == "failed":
        return _refused(row, row.code or "invalid", row.reason or "The request was refused.")
    if row.state == "received":
        return _waiting(view, row)
    asked = asked_of(row)
    return Issued(
        row.client,
        row.client_id,
        row.drn,
        asked,
        tokens_of(view, row.client, row.client_id, str(asked.get("kind", ""))),
        row.finished_at or row.created_at,
    )


def tokens_of(view: View, client: str, client_id: str, kind: str) -> tuple[Printed, ...]:
    """Return the tokens of a request, in the order of entry. kind: of those that are neither
    credit nor of a key change. Raise Unavailable when a record is damaged."""
    found: list[tuple[int, Printed]] = []
    of = {"tenant_id": view.tenant_id, "client": client, "client_id": client_id}
    for token in view.session.scalars(select(Token).filter_by(**of)):
        _check(token, client_id)
        credit = token.token_class == 0
        name = kind if not credit or kind == "replacement" else "credit"
        place = token.token_class, token.subclass, token.tid
        tenths = token.units_tenths if credit and token.credit is None else None
        found.append((token.position, Printed(name, token.digits, *place, tenths, token.credit)))
    for plain in view.session.scalars(select(PlainToken).filter_by(**of)):
        _check(plain, client_id)
        name = f"key_change_{plain.position + 1}" if plain.token_class == 2 else kind
        found.append(
            (plain.position, Printed(name, plain.digits, plain.token_class, plain.subclass))
        )
    return tuple(printed for _, printed in sorted(found, key=lambda pair: pair[0]))


def _check(token: Token | PlainToken, client_id: str) -> None:
    if not intact(token):
        raise reason("token_damaged", f"The record of request {client_id} {_DAMAGED}")


def _waiting(view: View, row: VendRequest) -> Outcome:
    number = approval_of(row)
    approval = None if number is None else view.session.get(Approval, (view.tenant_id, number))
    if approval is None or number is None:
        return _refused(row, "invalid", "The request was not finished.")
    if approval.state in ("refused", "expired"):
        was = "has expired" if approval.state == "expired" else "was refused"
        by = f" by {approval.checker}" if approval.checker else ""
        note = f": {approval.note}" if approval.note else ""
        return _refused(row, "approval_refused", f"The request {was}{by}{note}.")
    return Waiting(row.client, row.client_id, row.drn, asked_of(row), number, row.created_at)


def _refused(row: VendRequest, code: str, message: str) -> Refusal:
    return Refusal(row.client, row.client_id, row.drn, row.kwh or "", code, message)


def found(view: View, client: str, client_id: str) -> Outcome:
    """Return the outcome of an earlier request. Raise NotFound."""
    row = view.session.get(VendRequest, (view.tenant_id, client, client_id))
    if row is None or not asked_of(row):
        raise reason("sale_unknown", f"There is no request with the id {client_id}.")
    return outcome_of(view, row)


def answer(outcome: Outcome) -> Issued | Waiting:
    """Return what was issued or waits. Raise TjugoError with the recorded reason of a refusal."""
    if isinstance(outcome, Refusal):
        raise outcome.error()
    return outcome
