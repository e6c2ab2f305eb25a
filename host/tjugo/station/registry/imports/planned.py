"""What an import will write, and what the parts of its planner share."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tjugo.station.keys.backend import TokenBackend
from tjugo.station.registry import meters
from tjugo.station.registry.imports.known import Known
from tjugo.station.registry.imports.rows import Row


@dataclass
class NewMeter:
    """A meter to be registered."""

    config: meters.NewMeter
    status: str
    registered: datetime


@dataclass
class NewLink:
    """A link to be made; until None: it serves the customer now. ends: a present link is ended."""

    drn: str
    account_no: str
    since: datetime
    until: datetime | None
    service_point: str | None
    site: str | None
    ends: bool = False


@dataclass
class NewDebt:
    """A debt to be opened; balance, least and most in minor units."""

    account_no: str
    debt_no: int
    balance: int
    rule: str
    rate: int
    name: str
    kind: str
    least: int
    most: int | None
    priority: int


@dataclass
class Plan:
    """What will be written. unchanged: how many rows ask for nothing new; read_as: numbers that
    were repaired, a sentence each by row."""

    sites: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    meters: dict[str, NewMeter] = field(default_factory=dict)
    meter_changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: list[NewLink] = field(default_factory=list)
    tariffs: dict[str, str] = field(default_factory=dict)
    debts: list[NewDebt] = field(default_factory=list)
    credits: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    read_as: list[tuple[int, str]] = field(default_factory=list)
    problems: dict[int, list[str]] = field(default_factory=dict)


@dataclass
class Shared:
    """What the parts of a planner share. known: what the station has, and what the rows before
    change of it; update: data that differ are changed; accounts: those that the rows name;
    defined: the row that first gives an object."""

    known: Known
    backend: TokenBackend
    now: datetime
    update: bool
    accounts: set[str | None]
    plan: Plan = field(default_factory=Plan)
    defined: dict[tuple[str, str], int] = field(default_factory=dict)


class Part:
    """A part of a planner: it checks what a row has of one kind of thing, and plans it."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._known, self._plan, self._now = shared.known, shared.plan, shared.now
        self._update, self._defined = shared.update, shared.defined

    def _wrong(self, row: Row, sentence: str) -> None:
        self._plan.problems.setdefault(row.number, []).append(sentence)
