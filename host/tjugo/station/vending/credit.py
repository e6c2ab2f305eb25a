"""Credit tokens, behind the tokens of a key change that is due."""

from sts_portable import amount
from tjugo.station import clock
from tjugo.station.keys import use
from tjugo.station.registry.meters import meter_config
from tjugo.station.storage.tables import Meter, Token, VendRequest
from tjugo.station.vending import keychange
from tjugo.station.vending.tokens import add_token
from tjugo.station.work import Work

_CREDIT, _ELECTRICITY = 0, 0


def add_credit(work: Work, request: VendRequest, meter: Meter, tenths: int) -> Token:
    """Record a credit token of `tenths` of a kWh, with the key change that is due before it.

    The request is recorded and the meter's row is locked already. Raise TjugoError.
    """
    clock.check(work)
    config, position = meter_config(work, meter), 0
    planned = keychange.due(work, [meter.drn]).get(meter.drn)
    if planned is not None:
        made = keychange.issue(work, config, planned, request.client, request.client_id)
        config, position = made.config, len(made.tokens)

    def digits(tid: int) -> str:
        rnd = work.randbelow(16)
        return work.backend.issue_credit_token(config, _ELECTRICITY, tenths, tid, rnd)

    carried = amount.decode(amount.encode(tenths))
    if use.check_and_count(work, [((config.sgc, config.krn, config.kt), carried)]) != [True]:
        register = work.backend.vending_register(config.sgc, config.kt, config.krn)
        if register is not None:
            raise use.limit_reached(register)
    kind = _CREDIT, _ELECTRICITY
    return add_token(work, request, config, kind, digits, (tenths, carried), position)
