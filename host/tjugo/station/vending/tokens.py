"""The rows of tokens: those with a TID in table token, the others in plain_token."""

from collections.abc import Callable, Iterable

from sqlalchemy.exc import IntegrityError

from tjugo.errors import Unavailable
from tjugo.key_register import MeterConfig, written
from tjugo.station.storage.integrity import check_value
from tjugo.station.storage.tables import PlainToken, Token, VendRequest
from tjugo.station.vending import tids
from tjugo.station.work import Work

_RACES = 5  # how often another writer may take the same key before this one gives up


def add_token(
    work: Work,
    request: VendRequest,
    config: MeterConfig,
    kind: tuple[int, int],
    make: Callable[[int], str],
    tenths: tuple[int, int] = (0, 0),
    position: int = 0,
    credit: int | None = None,
) -> Token:
    """Record a token with the meter's next TID. kind: class and subclass; make: returns the digits
    for a TID; tenths: of a kWh, as asked and as carried; credit: of a token of money, in 1e-5 of
    the currency. Raise TjugoError.

    The lock on the meter's row makes the TID the meter's next one; the token's primary key makes
    it unique for the meter, whatever locks a database has.
    """
    for _ in range(_RACES):
        tid = tids.next_free(work, config)
        token = Token(
            tenant_id=work.tenant_id,
            drn=config.drn,
            bdt=config.bdt,
            tid=tid,
            client=request.client,
            client_id=request.client_id,
            position=position,
            token_class=kind[0],
            subclass=kind[1],
            asked_tenths=tenths[0],
            units_tenths=tenths[1],
            digits=make(tid),
            ea=config.ea,
            sgc=written("sgc", config.sgc),
            krn=config.krn,
            kt=config.kt,
            ti=written("ti", config.ti),
            issued_at=work.now(),
            credit=credit,
        )
        token.check_value = check_value(token)
        try:
            with work.session.begin_nested():
                work.session.add(token)
            return token
        except IntegrityError:
            continue  # another writer had this TID
    raise Unavailable("Others sell for this meter at the same moment; try again.")


def add_plain(
    work: Work,
    request: tuple[str, str],
    drn: str | None,
    made: Iterable[tuple[int, int, str]],
) -> list[PlainToken]:
    """Record tokens without a TID, from position 0 on. request: its client and client id; made:
    class, subclass and digits of each. The request is recorded already."""
    rows = []
    for position, (token_class, subclass, digits) in enumerate(made):
        row = PlainToken(
            tenant_id=work.tenant_id,
            client=request[0],
            client_id=request[1],
            position=position,
            drn=drn,
            token_class=token_class,
            subclass=subclass,
            digits=digits,
            issued_at=work.now(),
        )
        row.check_value = check_value(row)
        rows.append(row)
    work.session.add_all(rows)
    work.session.flush()
    return rows
