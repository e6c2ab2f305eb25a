"""The check of all tokens: a damaged record is found before somebody asks for its digits."""

from typing import TypeVar

from sqlalchemy import Select, select

from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import PlainToken, Token
from tjugo.station.work import View

_PART = 5000


Kind = TypeVar("Kind", Token, PlainToken)


def _all(view: View, table: type[Kind]) -> Select[Kind]:
    query = select(table).where(table.tenant_id == view.tenant_id)
    return query.execution_options(yield_per=_PART)


def damaged(view: View) -> tuple[int, list[str]]:
    """Return how many tokens there are, and which of them are damaged, one sentence each."""
    count, wrong = 0, []
    for query in (_all(view, Token), _all(view, PlainToken)):
        for token in view.session.scalars(query):
            count += 1
            if not intact(token):
                wrong.append(
                    f"The record of a token of meter {token.drn}, request {token.client_id}, is "
                    "damaged: restore the database from a backup."
                )
            view.session.expunge(token)
    return count, wrong
