"""A refused token and what is known about it; the steps and the reason that an examination
gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tjugo.key_register import MeterConfig
from tjugo.station.storage.tables import Meter, MeterReading, PlainToken, Token
from tjugo.station.vending.token_facts import TokenFacts

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
# What helps.
RETYPE, RESEND, KEY_CHANGE, REPLACE, CONFIRM, WAIT, PLAN, NOTHING = (
    *("retype", "resend", "key_change", "replace", "confirm_key", "wait", "plan_key_change"),
    "nothing",
)
REGISTER = ("sgc", "krn", "kt", "ti")  # what a meter can display of its key register


@dataclass(frozen=True)
class Step:
    """A check: `ok`, `failed` or `unknown`, with a sentence."""

    name: str
    state: str
    sentence: str


@dataclass(frozen=True)
class Reason:
    """Why a token was refused. code: for programs; offers: what helps, the best first."""

    code: str
    sentence: str
    offers: tuple[str, ...]


@dataclass
class Case:
    """typed_drn, typed, result, seen: what the customer reports: the numbers as typed, the
    TokenResult, and the key register that the meter displays. token: with a TID; plain: without;
    both only if this station issued it to this meter."""

    typed_drn: str
    typed: str
    result: int | None = None
    seen: Mapping[str, int] = field(default_factory=dict)
    meter: Meter | None = None
    config: MeterConfig | None = None
    customer: str | None = None
    digits: str = ""
    token: Token | None = None
    plain: PlainToken | None = None
    facts: TokenFacts | None = None
    reading: MeterReading | None = None
    steps: list[Step] = field(default_factory=list)

    def step(self, name: str, state: str, sentence: str) -> None:
        """Add a step."""
        self.steps.append(Step(name, state, sentence))

    def fail(self, name: str, reason: Reason) -> Reason:
        """Add a failed step, and return its reason."""
        self.step(name, FAILED, reason.sentence)
        return reason

    def known_register(self) -> dict[str, int]:
        """Return what is known of the register that the meter has: as the customer reads it, else
        as the collector reported it."""
        found = {}
        for name in REGISTER:
            number = self.seen.get(name)
            if number is None and self.reading is not None:
                number = getattr(self.reading, name)
            if number is not None:
                found[name] = number
        return found
