"""Data about the link to the broker and the collectors for pages and the API."""

from collections.abc import Callable, Sequence
from typing import Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from tjugo.web.errors import ANSWERS


class CollectorState(Protocol):
    """The link to a collector. reachable: it answers the station, None: not established; sentence:
    for people."""

    @property
    def collector(self) -> str: ...
    @property
    def reachable(self) -> bool | None: ...
    @property
    def sentence(self) -> str: ...


class LinkState(Protocol):
    """The link to the broker. state: a word for programs; sentence: for people; ok: no problem."""

    @property
    def state(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def collectors(self) -> Sequence[CollectorState]: ...


class CollectorAnswer(BaseModel):
    """Whether a collector answers the station; null: not established."""

    model_config = ConfigDict(from_attributes=True)

    collector: str
    reachable: bool | None
    sentence: str


class LinkAnswer(BaseModel):
    """The state of the link to the broker."""

    model_config = ConfigDict(from_attributes=True)

    state: str
    sentence: str
    ok: bool
    collectors: list[CollectorAnswer]


Link = Callable[[], LinkState]


def add_link(routes: APIRouter, link: Link) -> None:
    """Add GET /api/v1/link."""

    @routes.get("/api/v1/link", responses=ANSWERS)
    def get_link() -> LinkAnswer:
        """Return whether the station reaches the broker, with a sentence."""
        return LinkAnswer.model_validate(link())
