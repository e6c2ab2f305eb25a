"""Names of those who act, for people: records have `op:ada`, pages and receipts `Ada Obi`."""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, select

from tjugo.station.storage.statement import Statement, any_of
from tjugo.station.storage.tables import ApiClient, Operator
from tjugo.station.work import View

_OTHERS = {
    "local": "Local administrator",
    "bench": "The bench",
    "station": "The station",
    "nobody": "Nobody",
}

_NAMED = Statement(
    select(Operator.operator, Operator.name).where(
        Operator.tenant_id == bindparam("tenant"), any_of(Operator.operator, "codes")
    )
)


def names(view: View) -> dict[str, str]:
    """Return the names of operators and API clients by actor."""
    found = {}
    operators = select(Operator.operator, Operator.name)
    clients = select(ApiClient.client, ApiClient.name)
    for operator, name in view.session.execute(
        operators.where(Operator.tenant_id == view.tenant_id)
    ):
        found[f"op:{operator}"] = name
    for client, name in view.session.execute(clients.where(ApiClient.tenant_id == view.tenant_id)):
        found[f"api:{client}"] = name
    return found


def matching(view: View, text: str) -> list[str]:
    """Return the actors that a text names: an actor itself, a log-in name, or part of a name."""
    wanted = text.strip().casefold()
    found = names(view).items()
    return [text.strip()] + [
        actor
        for actor, name in found
        if wanted in name.casefold() or wanted == actor.partition(":")[2]
    ]


def of_operators(view: View, actors: Collection[str]) -> dict[str, str]:
    """Return the names of those actors who are operators."""
    codes = [actor.removeprefix("op:") for actor in actors if actor.startswith("op:")]
    if not codes:
        return {}
    rows = _NAMED.all(view.session, tenant=view.tenant_id, codes=sorted(codes))
    return {f"op:{row.operator}": row.name for row in rows}


def of_actor(view: View, actor: str) -> str:
    """Return the name of one actor, as shown() does."""
    kind, _, operator = actor.partition(":")
    if kind != "op":
        return shown(actor, {})
    row = view.session.get(Operator, (view.tenant_id, operator))
    return shown(actor, {} if row is None else {actor: row.name})


def shown(actor: str | None, known: Mapping[str, str]) -> str:
    """Return an actor for people. known: of names(). One without a name keeps what follows the
    kind; a user of the machine is marked as at the command line."""
    if not actor:
        return ""
    kind, _, rest = actor.partition(":")
    if kind == "cli":
        return f"{rest}, at the command line"
    return known.get(actor) or _OTHERS.get(actor) or rest or actor
