"""Writing the messages of an event, in the transaction of the event."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tjugo.station.receipts.model import Receipt, Token, fields_of
from tjugo.station.storage import bulk
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import WebhookMessage
from tjugo.station.work import Work

SALE_MADE, SALE_VOIDED, CREDIT_NOTE, PAYMENT = (
    *("sale.made", "sale.voided", "credit_note.made", "payment.made"),
)
KEY_CHANGE_CONFIRMED = "key_change.confirmed"
TOKEN_ACCEPTED, TOKEN_REPORTED, TOKEN_REFUSED, TOKEN_EXPIRED, TOKEN_DOUBTED = (
    *("token.accepted", "token.reported", "token.refused", "token.expired", "token.doubted"),
)
METER_ALARM = "meter.alarm"
TEST = "webhook.test"

EVENTS = {
    SALE_MADE: "a sale or free units",
    SALE_VOIDED: "a sale is void",
    CREDIT_NOTE: "a credit note of a sale or a payment",
    PAYMENT: "a payment without energy",
    KEY_CHANGE_CONFIRMED: "a meter has its new key",
    TOKEN_ACCEPTED: "a meter took a token from its collector, and proved it",
    TOKEN_REPORTED: "a meter took a token, as its collector reports; not proved",
    TOKEN_REFUSED: "a meter refused a token from its collector",
    TOKEN_EXPIRED: "no meter answered for a token in time",
    TOKEN_DOUBTED: "an answer for a meter may be forged; the meter is asked again",
    METER_ALARM: "a meter has an alarm that its reading before did not have",
}
"""What a webhook can be registered for, with a title for people."""

Facts = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class _Message:
    hook: str
    event: str
    facts: Mapping[str, Any]


def emit(work: Work, event: str, facts: Facts) -> None:
    """Notify the webhooks of an event when the unit of work ends. facts: called only when there
    is one; it never returns the digits of a token."""
    hooks = work.hooks.wanting(work.session, work.tenant_id, event)
    if hooks:
        put(work, hooks, event, facts())


def wanted(work: Work, event: str) -> bool:
    """Return whether a webhook gets an event."""
    return bool(work.hooks.wanting(work.session, work.tenant_id, event))


def put(work: Work, hooks: list[str], event: str, facts: Mapping[str, Any]) -> None:
    """Write a message to each of the webhooks when the unit of work ends."""
    pending: list[_Message] = work.pending("webhooks", _write)
    pending += [_Message(hook, event, facts) for hook in hooks]


def receipt_facts(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt without the digits of its tokens, and without the utility's particulars.
    Money in minor units, energy in tenths of a kWh, credit of tokens of money in 1e-5 of the
    currency."""
    facts = fields_of(receipt)
    for name in ("v", "utility", "text"):
        facts.pop(name, None)
    facts["tokens"] = [_token_facts(one) for one in receipt.tokens]
    return facts


def _token_facts(token: Token) -> dict[str, Any]:
    credit = {} if token.credit is None else {"credit": token.credit}
    return {"kind": token.kind, "tenths": token.tenths, **credit}


def _write(work: Work, messages: list[_Message]) -> None:
    bulk.insert(work.session, WebhookMessage, [_row(work, one) for one in messages])


def _row(work: Work, message: _Message) -> dict[str, Any]:
    # Random, so that a restored station does not use an id again for another event.
    number = str(uuid.UUID(int=work.randbelow(1 << 128), version=4))
    body = {
        "id": number,
        "type": message.event,
        "timestamp": iso(work.now()),
        "data": dict(message.facts),
    }
    return {
        "tenant_id": work.tenant_id,
        "message": number,
        "hook": message.hook,
        "event": message.event,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "state": "waiting",
        "created_at": work.now(),
        "due_at": work.now(),
        "attempts": 0,
    }
