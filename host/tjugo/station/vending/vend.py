"""Vending: each request becomes at most one token.

One transaction holds the request, its TID and token and (if a collector serves the meter) its
delivery, or the request and the reason for its refusal. The token is disclosed only after it is on
the disk, and the same client id always gets the same answer.
"""

import re
from decimal import Decimal

from sqlalchemy.exc import IntegrityError

from sts_portable import amount
from tjugo import numbers
from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.key_register import MeterConfig, written
from tjugo.station import clock, settings
from tjugo.station.registry import status
from tjugo.station.registry.meters import (
    checked_drn,
    known_meter,
    meter_config,
    repaired_drn,
)
from tjugo.station.station import Station
from tjugo.station.storage.integrity import check_value
from tjugo.station.storage.tables import Meter, Token, TokenDelivery, VendRequest
from tjugo.station.vending import tids
from tjugo.station.vending.expiry import with_warning
from tjugo.station.vending.views import Refusal, Sale, outcome_of
from tjugo.station.work import Work

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CREDIT, _ELECTRICITY = 0, 0
MAX_KWH = Decimal(amount.MAX_TENTHS) / 10
_RACES = 5  # how often another writer may take the same key before this one gives up


def sell(station: Station, client: str, client_id: str, drn: str, kwh: Decimal) -> Sale:
    """Sell in a separate unit of work, and return the sale. Raise TjugoError with the recorded
    reason when the sale is refused; otherwise as vend()."""
    with station.work(client) as work:
        outcome = vend(work, client, client_id, drn, kwh)
    if isinstance(outcome, Refusal):
        raise outcome.error()
    return outcome


def vend(work: Work, client: str, client_id: str, drn: str, kwh: Decimal) -> Sale | Refusal:
    """Sell kwh (a multiple of 0.1) to the meter, or return what was sold under this client id.

    client: the name of the requesting program; client_id: its request, at most 64 letters, digits
    and `._:-`. A refusal is recorded like a sale and is final for this client id; commit it before
    it is reported. Raise TjugoError when the request cannot be recorded; Conflict when the id was
    used for a different request; Unavailable when disk, database or keys fail (retry with the same
    id).
    """
    client = client[:40]
    if not _ID.fullmatch(client_id) or not _ID.fullmatch(client):
        raise reason(
            "request_id_invalid", "A request id is 1 to 64 letters, digits, dots, colons, hyphens."
        )
    if not kwh.is_finite() or abs(kwh.adjusted()) > 20 or len(str(kwh)) > 40:
        raise reason("amount_invalid", "The amount must be a number of kWh.")
    row = _recorded(work, client, client_id, _typed(drn), kwh)
    if row.state == "received":
        _decide(work, row)
    outcome = outcome_of(row)
    return outcome if isinstance(outcome, Refusal) else with_warning(work, outcome)


def _typed(drn: str) -> str:
    """Return the DRN as entered, in the form that is recorded."""
    return re.sub(r"[\s-]", "", drn)[:20].encode("ascii", "replace").decode()


def _recorded(work: Work, client: str, client_id: str, drn: str, kwh: Decimal) -> VendRequest:
    """Return the row of the request: a new one, or that of an earlier identical request."""
    key = (work.tenant_id, client, client_id)
    row = work.session.get(VendRequest, key)
    if row is None:
        new = VendRequest(
            tenant_id=work.tenant_id,
            client=client,
            client_id=client_id,
            drn=drn,
            kwh=str(kwh),
            state="received",
            created_at=work.now(),
        )
        try:
            with work.session.begin_nested():
                work.session.add(new)
            return new
        except IntegrityError:  # another writer was first
            row = work.session.get_one(VendRequest, key)
    if _meant(row.drn, Decimal(row.kwh or 0)) != _meant(drn, kwh):
        raise reason(
            "request_id_used",
            f"The request id {client_id} was used before, for {row.kwh} kWh to meter {row.drn}. "
            "A new sale needs a new id.",
        )
    return row


def _meant(drn: str, kwh: Decimal) -> tuple[str, Decimal]:
    """Return a value that is equal for requests with the same meaning, however they are
    written."""
    try:
        return checked_drn(drn).lstrip("0"), kwh  # a number with lost zeros means the same meter
    except TjugoError:
        return drn, kwh


def _decide(work: Work, row: VendRequest) -> None:
    """Record the token or the reason for refusal. Raise Unavailable, with nothing recorded, when a
    retry may succeed."""
    try:
        with work.session.begin_nested():
            _issue(work, row)
        row.state = "token_issued"
    except Unavailable:
        raise
    except TjugoError as error:
        row.state, row.reason, row.code = "failed", error.message[:400], error.code
    row.finished_at = work.now()
    work.session.flush()
    work.session.expire(row)


def _issue(work: Work, row: VendRequest) -> None:
    drn = repaired_drn(work, row.drn) or checked_drn(row.drn)
    asked = tenths(Decimal(row.kwh or 0))
    meter = known_meter(work, drn, lock=True)
    if meter.status != status.INSTALLED:
        raise reason("meter_not_installed", status.sentence(drn, meter.status))
    limit = settings.get(work, "sale_limit_kwh")
    if asked > limit * 10:
        raise reason(
            "amount_over_limit",
            f"{row.kwh} kWh is more than this station sells at once ({limit} kWh). The setting is "
            "sale_limit_kwh.",
        )
    clock.check(work)
    config = meter_config(work, meter)
    tid = _add_token(work, row, config, asked)
    if meter.collector_id is not None:
        _add_delivery(work, meter, config.bdt, tid)


def _add_token(work: Work, row: VendRequest, config: MeterConfig, asked: int) -> int:
    """Return the TID of a new token.

    The lock on the meter's row makes it the meter's next one; the token's primary key makes it
    unique for the meter, whatever locks a database has.
    """
    for _ in range(_RACES):
        tid = tids.next_free(work, config)
        digits = work.backend.issue_credit_token(
            config, _ELECTRICITY, asked, tid, work.randbelow(16)
        )
        token = Token(
            tenant_id=work.tenant_id,
            drn=config.drn,
            bdt=config.bdt,
            tid=tid,
            client=row.client,
            client_id=row.client_id,
            token_class=_CREDIT,
            subclass=_ELECTRICITY,
            asked_tenths=asked,
            units_tenths=amount.decode(amount.encode(asked)),
            digits=digits,
            ea=config.ea,
            sgc=written("sgc", config.sgc),
            krn=config.krn,
            kt=config.kt,
            ti=written("ti", config.ti),
            issued_at=work.now(),
        )
        token.check_value = check_value(token)
        try:
            with work.session.begin_nested():
                work.session.add(token)
            return tid
        except IntegrityError:
            continue  # another writer had this TID
    raise Unavailable("Others sell for this meter at the same moment; try again.")


def parse_kwh(text: str) -> Decimal:
    """Return the kWh in a text such as 20, 7.5 or 7,5. Raise TjugoError (status 2)."""
    try:
        return numbers.decimal(text)
    except numbers.NotANumber as error:
        raise reason("amount_invalid", error.sentence("The amount")) from error


def tenths(kwh: Decimal) -> int:
    """Return kWh in units of 0.1. Raise TjugoError when it is not positive, not a multiple of 0.1,
    or more than a token can carry."""
    if not 0 < kwh <= MAX_KWH:
        raise reason(
            "amount_invalid", f"The amount must be more than 0 and at most {MAX_KWH} kWh."
        )
    scaled = kwh * 10
    if scaled != int(scaled):
        raise reason("amount_invalid", "The amount must be a multiple of 0.1 kWh.")
    return int(scaled)


def _add_delivery(work: Work, meter: Meter, bdt: str, tid: int) -> None:
    ref = 1 + work.randbelow(0xFFFFFFFF)
    while work.session.get(TokenDelivery, (work.tenant_id, ref)) is not None:
        ref = 1 + work.randbelow(0xFFFFFFFF)
    work.session.add(
        TokenDelivery(
            tenant_id=work.tenant_id,
            ref=ref,
            drn=meter.drn,
            bdt=bdt,
            tid=tid,
            collector_id=meter.collector_id,
            state="issued",
            created_at=work.now(),
        )
    )
