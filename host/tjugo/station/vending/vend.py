"""Selling: a request becomes a token, once.

A request is stored before anything is decided about it. Then, in one transaction that holds the
write lock, it gets a TID, a token and (if a collector serves the meter) a delivery. Nobody sees
the token before that is on the disk, and the same client id gives the same answer ever after.
"""

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sts_portable import amount
from tjugo import numbers
from tjugo.errors import Conflict, NotFound, TjugoError, Unavailable
from tjugo.key_register import MeterConfig
from tjugo.station.keys.backend import next_tid
from tjugo.station.registry.meters import checked_drn, known_meter, meter_config
from tjugo.station.station import Station
from tjugo.station.storage.tables import Meter, Token, TokenDelivery, VendRequest
from tjugo.station.vending.views import Sale, sale_of

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CREDIT, _ELECTRICITY = 0, 0
MAX_KWH = Decimal(amount.MAX_TENTHS) / 10
_KINDS = {kind.http: kind for kind in (TjugoError, NotFound, Conflict)}


@dataclass(frozen=True)
class _Request:
    client: str
    client_id: str
    drn: str
    kwh: Decimal

    def digest(self) -> str:
        """Equal for requests that ask for the same."""
        text = f"{self.drn} {self.kwh.normalize()}"
        return hashlib.sha256(text.encode()).hexdigest()


def vend(station: Station, client: str, client_id: str, drn: str, kwh: Decimal) -> Sale:
    """Sells kwh (a multiple of 0.1) to the meter, or returns what was sold under this client id.

    client names the program that asks, client_id its request: at most 64 letters, digits and
    `._:-`. Raises TjugoError: the amount, the DRN or the meter is not one to sell for (which is
    recorded, and final for this client id); Conflict: the id was used for something else;
    Unavailable: disk, database or keys (ask again with the same id).
    """
    if not _ID.fullmatch(client_id) or not _ID.fullmatch(client[:40]):
        raise TjugoError("A request id is 1 to 64 letters, digits, dots, colons, hyphens.", 2)
    if not kwh.is_finite() or abs(kwh.adjusted()) > 20 or len(str(kwh)) > 40:
        raise TjugoError("The amount must be a number of kWh.")
    written = re.sub(r"[\s-]", "", drn)[:20].encode("ascii", "replace").decode()
    request = _Request(client[:40], client_id, written, kwh)
    _record(station, request)
    with station.write() as session:
        row = session.get_one(VendRequest, _key(station, request))
        if row.state == "received":
            _decide(station, session, row, request)
        if row.state == "token_issued":
            return sale_of(row)
        kind, reason = _KINDS.get(row.http or 0, TjugoError), row.reason
    # Outside the block: raised inside it, the refusal would undo its own record.
    raise kind(reason or "The sale was refused.")


def _decide(station: Station, session: Session, row: VendRequest, request: _Request) -> None:
    """The token or the reason why not. What may go better next time leaves the row as it is."""
    try:
        _issue(station, session, request)
        row.state = "token_issued"
    except Unavailable:
        raise
    except TjugoError as error:
        row.state, row.reason, row.http = "failed", error.message[:400], error.http
    row.finished_at = station.clock()
    session.flush()
    session.expire(row)


def _key(station: Station, request: _Request) -> tuple[int, str, str]:
    return station.tenant_id, request.client, request.client_id


def _record(station: Station, request: _Request) -> None:
    """The request is on the disk when this returns."""
    with station.write() as session:
        row = session.get(VendRequest, _key(station, request))
        if row is None:
            session.add(
                VendRequest(
                    tenant_id=station.tenant_id,
                    client=request.client,
                    client_id=request.client_id,
                    request_hash=request.digest(),
                    drn=request.drn,
                    kwh=str(request.kwh),
                    state="received",
                    created_at=station.clock(),
                )
            )
        elif row.request_hash != request.digest():
            raise Conflict(
                f"The request id {request.client_id} was used before, for {row.kwh} kWh to meter "
                f"{row.drn}. A new sale needs a new id."
            )


def _issue(station: Station, session: Session, request: _Request) -> None:
    drn = checked_drn(request.drn)
    asked = tenths(request.kwh)
    meter = known_meter(station, session, drn)
    if meter.status != "installed":
        raise Conflict(f"Meter {drn} is {meter.status}: nothing is sold for it.")
    config = meter_config(station, session, meter)
    tid = _allocate_tid(station, session, config)
    digits = station.backend.issue_credit_token(
        config, _ELECTRICITY, asked, tid, station.randbelow(16)
    )
    session.add(
        Token(
            tenant_id=station.tenant_id,
            drn=drn,
            bdt=config.bdt,
            tid=tid,
            client=request.client,
            client_id=request.client_id,
            token_class=_CREDIT,
            subclass=_ELECTRICITY,
            asked_tenths=asked,
            units_tenths=amount.decode(amount.encode(asked)),
            digits=digits,
            ea=config.ea,
            sgc=config.sgc,
            krn=config.krn,
            kt=config.kt,
            ti=config.ti,
            issued_at=station.clock(),
        )
    )
    session.flush()
    if meter.collector_id is not None:
        session.add(_delivery(station, session, meter, config.bdt, tid))


def parse_kwh(text: str) -> Decimal:
    """Return the kWh in a text such as 20, 7.5 or 7,5. Raise TjugoError (status 2)."""
    try:
        return numbers.decimal(text)
    except numbers.NotANumber as error:
        raise TjugoError(error.sentence("The amount"), 2) from error


def tenths(kwh: Decimal) -> int:
    """kWh in units of 0.1. Raises TjugoError when it is not positive, not a multiple of 0.1, or
    more than a token can carry."""
    if not 0 < kwh <= MAX_KWH:
        raise TjugoError(f"The amount must be more than 0 and at most {MAX_KWH} kWh.")
    scaled = kwh * 10
    if scaled != int(scaled):
        raise TjugoError("The amount must be a multiple of 0.1 kWh.")
    return int(scaled)


def _allocate_tid(station: Station, session: Session, config: MeterConfig) -> int:
    """A TID this meter never had: the write lock is held from reading the last one."""
    last = session.scalar(
        select(func.max(Token.tid)).where(
            Token.tenant_id == station.tenant_id,
            Token.drn == config.drn,
            Token.bdt == config.bdt,
        )
    )
    return next_tid(config, station.clock(), last)


def _delivery(
    station: Station, session: Session, meter: Meter, bdt: str, tid: int
) -> TokenDelivery:
    ref = 1 + station.randbelow(0xFFFFFFFF)
    while session.get(TokenDelivery, (station.tenant_id, ref)) is not None:
        ref = 1 + station.randbelow(0xFFFFFFFF)
    return TokenDelivery(
        tenant_id=station.tenant_id,
        ref=ref,
        drn=meter.drn,
        bdt=bdt,
        tid=tid,
        collector_id=meter.collector_id,
        state="issued",
        created_at=station.clock(),
    )
