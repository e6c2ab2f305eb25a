"""The credit that was left in a meter when it was replaced: issued, once, as a token for the meter
in its place, after a second person approved what was read."""

from tjugo import counted, money
from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.operators import approvals
from tjugo.station.registry import status
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.tables import Meter, VendRequest
from tjugo.station.vending import asked as requests
from tjugo.station.vending import change_out, keychange, owed
from tjugo.station.vending.asked import Outcome
from tjugo.station.vending.credit import add_credit
from tjugo.station.vending.purchase import parse_kwh
from tjugo.station.vending.purchase import tenths as tenths_of
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.views import Refusal
from tjugo.station.vending.why import checked_why
from tjugo.station.work import Work

ACTION = "sales.replace"
METER = "meter"
"""In what was asked: the meter in which the credit was left."""


def carry_over(
    work: Work, drn: str, credit: str, why: str, seller: Seller | None = None
) -> Outcome:
    """Ask for the credit that was left in the retired meter `drn`, or return what became of it.

    credit: as read on the meter: kWh, or major units where it counts money. seller: see
    asked.recorded. Raise TjugoError when it cannot be carried over, or was.
    """
    why = checked_why(why)
    old = known_meter(work, checked_drn(drn), lock=True)
    units = _units(work, old, credit)
    asked = {"kind": "replacement", METER: old.drn, _unit(old): units}
    client_id, row = _request(work, old)
    if row is not None:
        if requests.asked_of(row) != asked:
            before = _text(work, old, int(requests.asked_of(row)[_unit(old)]))
            raise _refused(f"The credit of meter {old.drn} was asked for before: {before}.")
        return requests.outcome_of(work, row)
    _check(work, old, units)
    meter = change_out.target(work, old.drn)
    row = requests.recorded(work, owed.REPLACEMENT, client_id, meter.drn, asked, seller)
    left = f"{_text(work, old, units)} left in retired meter {old.drn}"
    of = {"client": row.client, "client_id": row.client_id}
    subject = f"meter {meter.drn}: {left}: {why}"
    requests.wait_for(row, approvals.ask(work, ACTION, subject, of))
    work.session.flush()
    return requests.outcome_of(work, row)


def approved(work: Work, row: VendRequest) -> None:
    """Issue the credit of a request that was approved: for the meter that is in place then."""
    asked = requests.asked_of(row)

    def issue() -> bool:
        old = known_meter(work, str(asked[METER]), lock=True)
        units = int(asked[_unit(old)])
        _check(work, old, units)
        meter = known_meter(work, change_out.target(work, old.drn).drn, lock=True)
        keychange.check_installed(meter)
        row.drn = meter.drn
        made = add_credit(work, row, meter, units)
        issued = made.units_tenths if made.credit is None else made.credit
        text = f"{_text(work, old, issued)} that were left in meter {old.drn}"
        chain.record(work, ACTION, f"meter {meter.drn}", text)
        return True

    requests.decide(work, row, issue)


def _request(work: Work, old: Meter) -> tuple[str, VendRequest | None]:
    """Return the request for the credit of a meter that was not turned down, and its id; None: the
    id of a new one."""
    for client_id in change_out.request_ids(old.drn):
        row = work.session.get(VendRequest, (work.tenant_id, owed.REPLACEMENT, client_id))
        if row is None or not isinstance(requests.outcome_of(work, row), Refusal):
            return client_id, row
    raise _refused(f"The credit of meter {old.drn} was turned down too often.")


def _check(work: Work, old: Meter, units: int) -> None:
    """Raise TjugoError unless so much of the meter's credit can be carried over."""
    if old.status != status.REMOVED:
        raise _refused(f"Meter {old.drn} is not retired: its credit is in it.")
    problem = change_out.problem(work, old)
    if problem is not None:
        raise _refused(problem)
    sold = change_out.sold(work, old.drn)
    if sold <= 0:
        raise _refused(
            f"Nothing was sold to meter {old.drn} that is neither credited nor replaced: no "
            "credit can be left in it."
        )
    if units > sold:
        raise _refused(
            f"Only {_text(work, old, sold)} were sold to meter {old.drn} and are neither credited "
            "nor replaced: more cannot be left in it."
        )


def _units(work: Work, old: Meter, credit: str) -> int:
    """Return the credit in tenths of a kWh, or 1e-5 of the currency. Raise TjugoError."""
    if old.counts == counted.MONEY:
        currency = work.tenant.currency
        minor = money.parse(credit, currency, "The credit")
        if minor <= 0:
            raise reason("amount_invalid", "The credit must be more than 0.")
        return counted.of_minor(minor, currency)
    return tenths_of(parse_kwh(credit))


def _unit(old: Meter) -> str:
    return "credit" if old.counts == counted.MONEY else "tenths"


def _text(work: Work, old: Meter, units: int) -> str:
    return owed.credit_text(work, old.counts == counted.MONEY, units)


def _refused(sentence: str) -> Exception:
    return reason("replacement_refused", sentence)
