"""Data about the broker and the collectors for pages and commands. Works in any process."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from tjugo.errors import TjugoError
from tjugo.station.delivery import views as delivery_views
from tjugo.station.link import state
from tjugo.station.station import Station
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Collector

NONE, CONNECTING, CONNECTED, FAILED, STOPPED = "none connecting connected failed stopped".split()


@dataclass(frozen=True)
class CollectorLink:
    """The link to a collector. online: as reported by the collector or its last will, None: never.
    reachable: by echo, None: not established. echo_at: the last reply; missed: consecutive echoes
    without one. counters: rejected messages (Counts of tjugo.station.link.exchange)."""

    collector: str
    sentence: str
    online: bool | None
    reachable: bool | None
    echo_at: datetime | None = None
    missed: int = 0
    version: str | None = None
    crash: str | None = None
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LinkStatus:
    """The link's status. state: `none` (no broker is set), `connecting`, `connected`, `failed` or
    `stopped` (a broker was set, but no program runs the link). since: of this state. ok: no
    problem. open_deliveries: tokens without a meter's answer. broker: its address, no password."""

    state: str
    sentence: str
    ok: bool
    broker: str | None
    since: datetime | None
    open_deliveries: int
    collectors: tuple[CollectorLink, ...]
    counters: dict[str, int]


def status(station: Station) -> LinkStatus:
    """Return the state of the link of this station, whichever process runs it."""
    try:
        found = state.load(station.state_dir)
        fault = None
    except TjugoError as error:
        found, fault = {}, error.message
    running = state.held(station.state_dir)
    with station.view() as view:
        collectors = view.session.scalars(
            select(Collector)
            .where(Collector.tenant_id == station.tenant_id)
            .order_by(Collector.collector_id)
        ).all()
        waiting = delivery_views.without_result(view)
    broker = None if found is None else found.get("broker")
    name, sentence = _state(found, fault, running)
    peers = found.get("collectors", {}) if found and name == CONNECTED else {}
    return LinkStatus(
        state=name,
        sentence=sentence,
        ok=name in (NONE, CONNECTED),
        broker=broker,
        since=_moment(found.get("since")) if found and running else None,
        open_deliveries=sum(n for name, n in waiting.items() if name != "expired"),
        collectors=tuple(_collector(row, peers.get(row.collector_id)) for row in collectors),
        counters=dict(found.get("counters", {})) if found else {},
    )


def _state(found: dict[str, Any] | None, fault: str | None, running: bool) -> tuple[str, str]:
    if fault is not None:
        return FAILED, fault
    if found is None:
        return NONE, "No MQTT broker is set: tokens are keyed in at the meter."
    broker = found.get("broker")
    if not running:
        return STOPPED, f"The connection to {broker} is not running: no token is delivered."
    name = str(found.get("state"))
    if name == CONNECTED:
        return name, f"Connected to the MQTT broker {broker}."
    if name == FAILED:
        return name, str(found.get("problem"))
    return CONNECTING, f"Connecting to the MQTT broker {broker}."


def _collector(row: Collector, peer: dict[str, Any] | None) -> CollectorLink:
    peer = peer or {}
    reachable, echo_at = peer.get("reachable"), _moment(peer.get("echo_at"))
    return CollectorLink(
        collector=row.collector_id,
        sentence=_sentence(row, reachable, echo_at),
        online=row.online,
        reachable=reachable,
        echo_at=echo_at,
        missed=peer.get("missed", 0),
        version=row.version,
        crash=row.crash,
        counters=dict(peer.get("counters", {})),
    )


def _sentence(row: Collector, reachable: bool | None, echo_at: datetime | None) -> str:
    """Return the state of a collector as a sentence."""
    last = f", the last time at {iso(echo_at)}" if echo_at else ""
    if reachable:
        return "Reachable: it answers echoes."
    if reachable is False and row.online:
        # As the broker has it, a client with this id is there; but it does not answer.
        return (
            f"Unreachable though the broker reports it online: it does not answer echoes{last}. "
            "Does another client use its id?"
        )
    if reachable is False:
        return f"Unreachable: it does not answer echoes{last}."
    if row.online is None:
        return "Nothing was received from it yet."
    word = "online" if row.online else "offline"
    return f"Not established: reported {word} at {iso(row.status_at)}, no echo answered yet."


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def status_json(status: LinkStatus) -> dict[str, Any]:
    """Return a status as plain JSON; times as ISO 8601 in UTC."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return iso(value)
        if isinstance(value, dict):
            return {name: plain(part) for name, part in value.items()}
        return [plain(part) for part in value] if isinstance(value, list | tuple) else value

    found: dict[str, Any] = plain(asdict(status))
    return found
