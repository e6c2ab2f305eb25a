"""What the meter in place of a retired one is given: the tokens that the retired one never took,
and the credit that was left in it. Both together are never more than was sold to it."""

from sqlalchemy import func, select

from tjugo import counted
from tjugo.station.registry import replace, status
from tjugo.station.registry.meters import known_meter
from tjugo.station.storage.tables import Meter, Sale, Token
from tjugo.station.vending import owed
from tjugo.station.work import View

MOST_REQUESTS = 9
"""How often the credit of a meter can be asked for; each one but the last was turned down."""
_CREDIT = 0  # the token class


def request_ids(drn: str) -> list[str]:
    """Return the ids of the requests for the credit that was left in a meter, in their order."""
    return [f"{drn}-credit", *(f"{drn}-credit-{n}" for n in range(2, MOST_REQUESTS + 1))]


def target(view: View, drn: str) -> Meter:
    """Return the meter for which a token is replaced: its own one, or the one in its place."""
    meter = known_meter(view, drn)
    return replace.successor(view, meter) or meter


def problem(view: View, meter: Meter) -> str | None:
    """Return why nothing of a retired meter can be carried over, as a sentence, or None."""
    after = replace.successor(view, meter)
    if after is None:
        return (
            f"Meter {meter.drn} is retired, and no meter that serves its customer was installed "
            "in its place."
        )
    if after.status != status.INSTALLED:
        return status.sentence(after.drn, after.status)
    if after.counts != meter.counts:
        return (
            f"Meter {meter.drn} counts {meter.counts}, and meter {after.drn} in its place "
            f"{after.counts}: its credit cannot be carried over."
        )
    return None


def token_problem(view: View, meter: Meter, token: Token) -> str | None:
    """Return why a token that a retired meter never took cannot be replaced, as a sentence, or
    None."""
    found = problem(view, meter)
    if found is not None:
        return found
    carried = carried_over(view, meter.drn)
    if carried and sold(view, meter.drn, token.bdt, token.tid) < carried:
        amount = owed.credit_text(view, meter.counts == counted.MONEY, carried)
        return (
            f"The meter took this token: the {amount} that were left in meter {meter.drn}, and "
            "were carried over, are more than its other tokens."
        )
    return None


def carried_over(view: View, drn: str) -> int:
    """Return the credit that was left in a meter and issued for the one in its place, in tenths of
    a kWh or 1e-5 of the currency."""
    query = select(func.sum(Token.asked_tenths), func.sum(Token.credit)).where(
        Token.tenant_id == view.tenant_id,
        Token.client == owed.REPLACEMENT,
        Token.client_id.in_(request_ids(drn)),
        Token.token_class == _CREDIT,
    )
    tenths, credit = view.session.execute(query).one()
    return int(credit or tenths or 0)


def sold(view: View, drn: str, *without: str | int) -> int:
    """Return what was sold to a meter and is neither void, credited nor replaced, in the units of
    `carried_over`. without: base date and TID of a token that is left out."""
    of = {"tenant_id": view.tenant_id, "token_class": _CREDIT}
    tokens = view.session.scalars(select(Token).filter_by(**of, drn=drn)).all()
    again = select(Token.client_id).filter_by(**of, client=owed.REPLACEMENT)
    replaced = set(view.session.scalars(again.where(Token.client_id.startswith(f"{drn}-"))))
    return sum(
        owed.left(view, token)
        for token in tokens
        if owed.replacement_id(token) not in replaced and (token.bdt, token.tid) != without
    )


def kept(view: View, sale: Sale) -> int | None:
    """Return how much of what was sold to the meter of a sale was not carried over, in tenths of a
    kWh or minor units: no more of the sale is to be credited. None where nothing was."""
    carried = 0 if sale.drn is None else carried_over(view, sale.drn)
    if not carried or sale.drn is None:
        return None
    rest = sold(view, sale.drn) - carried
    return rest if sale.credit is None else -counted.to_minor(-rest, sale.currency)
