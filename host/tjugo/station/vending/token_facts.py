"""What the station has recorded about one of its tokens: whether the meter can still accept it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from sts_portable import results
from tjugo.key_register import KeyRegister
from tjugo.station.delivery.service import REPORTED
from tjugo.station.registry.meters import known_meter, meter_config
from tjugo.station.registry.status import REMOVED
from tjugo.station.storage.tables import KeyChange, Sale, Token, TokenDelivery
from tjugo.station.vending import change_out, change_rows, owed, targets
from tjugo.station.vending.evidence import made_with
from tjugo.station.work import View

STORE = 50  # TIDs that a meter stores at least
CURRENT, PENDING, REPLACED, CANCELLED, UNKNOWN = (
    *("current", "pending", "replaced", "cancelled", "unknown"),
)


@dataclass(frozen=True)
class TokenFacts:
    """key: which of the meter's keys it was made with. newer: tokens with a higher TID that were
    sold to the meter. used_at: when the collector delivered it, None if that is unknown; reported:
    without a proof of the meter. expired: its TID is after the KEN of its key."""

    key: str
    newer: int
    used_at: datetime | None
    expired: bool
    reported: bool = False


def facts_of(view: View, token: Token) -> TokenFacts:
    """Return the facts about a token with a TID."""
    config = meter_config(view, known_meter(view, token.drn))
    key, register = key_of(view, token, config)
    newer = select(func.count()).where(
        Token.tenant_id == token.tenant_id,
        Token.drn == token.drn,
        Token.bdt == token.bdt,
        Token.tid > token.tid,
    )
    delivery = view.session.scalars(
        select(TokenDelivery).where(
            TokenDelivery.tenant_id == token.tenant_id,
            TokenDelivery.drn == token.drn,
            TokenDelivery.bdt == token.bdt,
            TokenDelivery.tid == token.tid,
        )
    ).first()
    used = (
        None
        if delivery is None or delivery.result not in (results.ACCEPT, results.USED_ERROR)
        else delivery.done_at
    )
    expired = register is not None and token.tid >> 16 > register.ken
    reported = used is not None and delivery is not None and delivery.state == REPORTED
    return TokenFacts(key, view.session.scalar(newer) or 0, used, expired, reported)


def key_of(view: View, token: Token, config: KeyRegister) -> tuple[str, KeyRegister | None]:
    """Return which of the meter's keys a token was made with, and its register; None unknown.
    config: the current register."""
    if made_with(token, config):
        return CURRENT, config
    for register, state in change_rows.registers(view, token.drn):
        if made_with(token, register):
            return state, register
    return UNKNOWN, None


def cannot_replace(view: View, token: Token) -> str | None:
    """Return why a token is not to be replaced, as a sentence; None if its meter can never accept
    it any more, or is retired and did not take it."""
    if is_void(view, token.client, token.client_id):
        return "The sale of this token is void: nothing is owed for it."
    if owed.left(view, token) <= 0:
        return credited_sentence(view, token)
    facts = facts_of(view, token)
    if facts.used_at is not None:
        by = "Its collector reports that the meter" if facts.reported else "The meter"
        return f"{by} has accepted this token, on {facts.used_at:%Y-%m-%d %H:%M} UTC."
    meter = known_meter(view, token.drn)
    if meter.status == REMOVED:
        return change_out.token_problem(view, meter, token)
    if facts.key in (REPLACED, CANCELLED) or facts.expired or facts.newer >= STORE:
        return None
    if facts.key == PENDING:
        return "The token can be used: the key change tokens before it are to be entered first."
    return "The token can still be used: the meter accepts it as it is."


def credited_sentence(view: View, token: Token) -> str:
    """Return the sentence about a token whose sale was credited in full."""
    notes = owed.named(owed.notes_on(view, token))
    return f"The sale of this token was credited by {notes}: nothing is owed for it."


def is_void(view: View, client: str, client_id: str) -> bool:
    """Return whether the sale of a token is void; nobody has its digits."""
    sale = view.session.get(Sale, (view.tenant_id, client, client_id))
    return sale is not None and sale.voided_at is not None


def change_of(view: View, token: Token) -> KeyChange | None:
    """Return the open key change whose key a token was made with, or None."""
    change = change_rows.open_change(view, token.drn)
    if change is None or not made_with(token, targets.from_text(change.target)):
        return None
    return change
