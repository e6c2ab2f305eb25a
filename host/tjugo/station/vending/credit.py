"""Credit tokens, behind the tokens of a key change that is due."""

from sts_portable import amount
from tjugo import counted
from tjugo.key_register import MeterConfig
from tjugo.station import clock
from tjugo.station.keys import use
from tjugo.station.registry.meters import meter_config
from tjugo.station.storage.tables import Meter, Token, VendRequest
from tjugo.station.vending import keychange
from tjugo.station.vending.issue import ELECTRICITY, ELECTRICITY_MONEY, NO_RND
from tjugo.station.vending.tokens import add_token
from tjugo.station.work import Work

_CREDIT = 0


def add_credit(work: Work, request: VendRequest, meter: Meter, units: int) -> Token:
    """Record a credit token, with the key change that is due before it. units: tenths of a kWh, or
    1e-5 of the currency for a meter that counts money; the token carries at most that.

    The request is recorded and the meter's row is locked already. Raise TjugoError.
    """
    clock.check(work)
    config, position = meter_config(work, meter), 0
    planned = keychange.due(work, [meter.drn]).get(meter.drn)
    if planned is not None:
        made = keychange.issue(work, config, planned, request.client, request.client_id)
        config, position = made.config, len(made.tokens)
    if meter.counts == counted.MONEY:
        return _money(work, request, config, counted.carried(units), position)
    return _energy(work, request, config, _encodable(units), position)


def _encodable(tenths: int) -> int:
    """Return the largest number of tenths of a kWh, of at most these, that a token can carry."""
    field = amount.encode(tenths)
    found: int = amount.decode(field)
    return found if found <= tenths else int(amount.decode(field - 1))


def _energy(
    work: Work, request: VendRequest, config: MeterConfig, tenths: int, position: int
) -> Token:
    def digits(tid: int) -> str:
        rnd = work.randbelow(16)
        return work.backend.issue_credit_token(config, ELECTRICITY, tenths, tid, rnd)

    if use.check_and_count(work, [((config.sgc, config.krn, config.kt), tenths)]) != [True]:
        register = work.backend.vending_register(config.sgc, config.kt, config.krn)
        if register is not None:
            raise use.limit_reached(register)
    kind = _CREDIT, ELECTRICITY
    return add_token(work, request, config, kind, digits, (tenths, tenths), position)


def _money(
    work: Work, request: VendRequest, config: MeterConfig, credit: int, position: int
) -> Token:
    def digits(tid: int) -> str:
        backend = work.backend
        return backend.issue_credit_token(config, ELECTRICITY_MONEY, credit, tid, NO_RND)

    use.check_money(work.backend.vending_register(config.sgc, config.kt, config.krn))
    use.check_and_count(work, [((config.sgc, config.krn, config.kt), 0)])
    kind = _CREDIT, ELECTRICITY_MONEY
    return add_token(work, request, config, kind, digits, position=position, credit=credit)
