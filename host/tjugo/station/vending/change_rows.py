"""The rows of key changes: one of a meter at a time is planned or issued (tokens made), and it is
confirmed or cancelled at the end."""

from sqlalchemy import select

from tjugo.errors import TjugoError, reason
from tjugo.key_register import KeyRegister
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import KeyChange, PlainToken
from tjugo.station.vending import targets
from tjugo.station.vending.asked import Printed
from tjugo.station.work import View

PLANNED, ISSUED, CONFIRMED, CANCELLED = "planned", "issued", "confirmed", "cancelled"
OPEN = (PLANNED, ISSUED)
KEY_CHANGE = 2
"""The token class."""


def open_change(view: View, drn: str) -> KeyChange | None:
    """Return the planned or issued key change of a meter, or None."""
    query = select(KeyChange).where(
        KeyChange.tenant_id == view.tenant_id, KeyChange.drn == drn, KeyChange.state.in_(OPEN)
    )
    return view.session.scalars(query).first()


def last_change(view: View, drn: str) -> KeyChange | None:
    """Return the newest key change of a meter whose tokens were issued and that was not cancelled,
    or None."""
    query = select(KeyChange).where(
        KeyChange.tenant_id == view.tenant_id,
        KeyChange.drn == drn,
        KeyChange.state.in_((ISSUED, CONFIRMED)),
    )
    return view.session.scalars(query.order_by(KeyChange.number.desc()).limit(1)).first()


def printed(view: View, drn: str) -> tuple[Printed, ...]:
    """Return the tokens of the meter's newest key change in the order of entry, () if there is
    none. Raise Unavailable when the record is damaged."""
    row = last_change(view, drn)
    if row is None:
        return ()
    return made(view, row)


def made(view: View, row: KeyChange) -> tuple[Printed, ...]:
    """Return the tokens of an issued key change in the order of entry. Raise Unavailable when the
    record is damaged."""
    found = sections(view, row)
    if not found or not all(intact(plain) for plain in found):
        raise reason(
            "token_damaged",
            f"The record of the key change tokens of meter {row.drn} is damaged; restore the "
            "database from a backup.",
        )
    return tuple(
        Printed(f"key_change_{plain.position + 1}", plain.digits, *_kind(plain)) for plain in found
    )


def _kind(row: PlainToken) -> tuple[int, int]:
    return row.token_class, row.subclass


def sections(view: View, row: KeyChange) -> list[PlainToken]:
    """Return the rows of the tokens of an issued key change in the order of entry."""
    of = {"tenant_id": row.tenant_id, "client": row.client, "client_id": row.client_id}
    query = select(PlainToken).filter_by(**of, token_class=KEY_CHANGE)
    return list(view.session.scalars(query.order_by(PlainToken.position)))


def registers(view: View, drn: str) -> list[tuple[KeyRegister, str]]:
    """Return the key registers that a meter had or was to have besides its current one, newest
    first, each with the state of its key change: `pending`, `replaced` or `cancelled`."""
    query = select(KeyChange).where(KeyChange.tenant_id == view.tenant_id, KeyChange.drn == drn)
    found = []
    for row in view.session.scalars(query.order_by(KeyChange.number.desc())):
        if row.state == ISSUED:
            found.append((targets.from_text(row.target), "pending"))
        elif row.state == CANCELLED and row.issued_at is not None:
            found.append((targets.from_text(row.target), CANCELLED))
        elif row.state == CONFIRMED and row.replaced is not None:
            found.append((targets.from_text(row.replaced), "replaced"))
    return found


def already_open(drn: str) -> TjugoError:
    """Return the error of a second key change at a time."""
    return reason(
        "key_change_open",
        f"A key change of meter {drn} is planned or issued already; confirm or cancel it first.",
    )


def waits(which: str) -> TjugoError:
    """Return the error of a key change that is asked for twice. which: the end of its name."""
    return reason(
        "key_change_open",
        f"A key change {which} waits for approval already: approve or refuse that one first.",
    )


def none_planned(drn: str) -> TjugoError:
    """Return the error of a meter without a planned or issued key change."""
    return reason("key_change_unknown", f"No key change of meter {drn} is planned.")
