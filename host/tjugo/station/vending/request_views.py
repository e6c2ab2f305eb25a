"""Data about engineering tokens and the other requests without a sale, for pages, commands and the
API."""

from dataclasses import dataclass
from typing import Any

from tjugo import counted
from tjugo.station.storage.moments import iso
from tjugo.station.vending import kinds
from tjugo.station.vending.asked import Issued, Outcome, Printed, Waiting
from tjugo.station.vending.views import Refusal

_TITLES = {"key_change": "Key change", "replacement": "Replacement of a token"}


@dataclass(frozen=True)
class KindView:
    """A kind of engineering token for JSON; see kinds.Kind. value, index: None where it has
    none."""

    kind: str
    title: str
    token_class: int
    subclass: int
    value: str | None
    least: int | None
    most: int | None
    default: int | None
    least_index: int | None
    most_index: int | None
    approval: str


@dataclass(frozen=True)
class TokenView:
    """A token for JSON. kwh: of credit only, as a string; credit: of a token of money, in major
    units, as a string."""

    kind: str
    token: str
    token_grouped: str
    token_class: int
    subclass: int
    tid: int | None
    kwh: str | None
    credit: str | None


@dataclass(frozen=True)
class RequestView:
    """A request for JSON. state: `issued`, `waiting` (for an approval) or `refused`; asked_at: of
    one that waits; tokens: in the order of entry; drn "": for any meter."""

    client: str
    client_id: str
    drn: str
    kind: str
    title: str
    state: str
    tokens: list[TokenView]
    issued_at: str | None
    asked_at: str | None
    approval: str | None
    refused: str | None
    code: str | None


def kind_views() -> list[KindView]:
    """Return all kinds."""
    return [_kind_view(name, kind) for name, kind in kinds.KINDS.items()]


def _kind_view(name: str, kind: kinds.Kind) -> KindView:
    index = kind.index
    return KindView(
        kind=name,
        title=kind.title,
        token_class=kind.token_class,
        subclass=kind.subclass,
        value=kind.value or None,
        least=kind.least if kind.value else None,
        most=kind.most if kind.value else None,
        default=kind.default,
        least_index=None if index is None else index[0],
        most_index=None if index is None else index[-1],
        approval=kind.approval,
    )


def request_view(outcome: Outcome) -> RequestView:
    """Return a request for JSON."""
    asked: dict[str, Any] = {} if isinstance(outcome, Refusal) else outcome.asked
    kind = str(asked.get("kind", ""))
    issued = outcome if isinstance(outcome, Issued) else None
    waiting = outcome if isinstance(outcome, Waiting) else None
    refused = outcome if isinstance(outcome, Refusal) else None
    state = "issued" if issued else "refused" if refused else "waiting"
    return RequestView(
        client=outcome.client,
        client_id=outcome.client_id,
        drn=outcome.drn,
        kind=kind,
        title=_title(kind, asked),
        state=state,
        tokens=[token_view(one) for one in issued.tokens] if issued else [],
        issued_at=iso(issued.issued_at) if issued else None,
        asked_at=iso(waiting.asked_at) if waiting else None,
        approval=waiting.approval if waiting else None,
        refused=refused.message if refused else None,
        code=refused.code if refused else None,
    )


def _title(kind: str, asked: dict[str, Any]) -> str:
    if "meter" in asked:
        return f"Credit that was left in meter {asked['meter']}"
    return _TITLES.get(kind) or (kinds.described(asked) if kind else "Refused request")


def token_view(one: Printed) -> TokenView:
    """Return a token for JSON."""
    return TokenView(
        kind=one.kind,
        token=one.digits,
        token_grouped=one.grouped(),
        token_class=one.token_class,
        subclass=one.subclass,
        tid=one.tid,
        kwh=None if one.tenths is None else f"{one.tenths // 10}.{one.tenths % 10}",
        credit=None if one.credit is None else counted.bare(one.credit),
    )
