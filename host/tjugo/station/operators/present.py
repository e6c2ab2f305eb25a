"""People who are present at a command: operators who give their password and second factor there.

Where two people are required, both authenticate at the same command, and both are recorded.
"""

from dataclasses import dataclass

from tjugo.errors import NotPermitted, reason
from tjugo.station.audit.chain import REFUSED, record
from tjugo.station.keys.holders import Holder, two
from tjugo.station.operators import lockout, log_in, people, permissions, totp
from tjugo.station.station import Station
from tjugo.station.work import View

HOLD = "keys.hold"
ADDRESS = "the command line"


@dataclass(frozen=True)
class Proof:
    """What a person gives. code: of the second factor, or a recovery code; "" without one."""

    operator: str
    password: str
    code: str = ""


def needs_code(view: View, operator: str) -> bool:
    """Return whether a name is that of an operator with a second factor."""
    row = people.get(view, operator)
    return row is not None and row.totp is not None


def authenticate(station: Station, proof: Proof, permission: str) -> permissions.Person:
    """Return the operator who gives a proof and has the permission.

    Raise NotLoggedIn, TooMany, NotPermitted; each refusal is recorded.
    """
    row = log_in.checked_password(station, proof.operator, proof.password, ADDRESS)
    with station.view() as view:
        person = people.person_of(view, row)
    with station.work(person.actor) as work:
        lockout.right(work, not person.has_totp, name=row.operator, address=ADDRESS)
    if person.must_begin:
        raise reason(
            people.to_begin(person).code,
            f"{row.operator} must log in to the station first, and complete the account.",
        )
    if person.has_totp and not log_in.complete(station, row.operator, proof.code, ADDRESS):
        raise totp.wrong_code()
    try:
        permissions.check(person, permission)
    except NotPermitted as error:
        with station.work(person.actor) as work:
            record(work, permission, f"operator {row.operator}", error.message, REFUSED)
        raise
    with station.work(person.actor) as work:
        record(work, log_in.ACTION, f"operator {row.operator}", f"present at {ADDRESS}")
    return person


def named(first: str, second: str) -> tuple[Holder, Holder]:
    """Return two people at a station without operators, where nobody can authenticate. Raise
    TjugoError when they are one."""
    return two([Holder(name.strip(), False) for name in (first, second)])


def holders(station: Station, first: Proof, second: Proof) -> tuple[Holder, Holder]:
    """Return two different operators who may hold a part of the keys. Raise TjugoError."""
    two([Holder(people.normal(proof.operator), True) for proof in (first, second)])
    found = [authenticate(station, proof, HOLD) for proof in (first, second)]
    return two([Holder(person.operator, True) for person in found])
