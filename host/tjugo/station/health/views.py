"""The health of a station: broker, collectors, deliveries, backup, vending keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tjugo.station.backup import service as backup
from tjugo.station.delivery import views as delivery_views
from tjugo.station.keys import views as key_views
from tjugo.station.link import views as link_views
from tjugo.station.station import Station
from tjugo.station.storage.moments import iso

BACKUP_DUE = timedelta(days=7)


@dataclass(frozen=True)
class Health:
    """The health of a station. problems: sentences, none if there is no problem. deliveries: how
    many there are in each state without a meter's result. last_backup: None if none was made."""

    link: link_views.LinkStatus
    deliveries: dict[str, int]
    last_backup: datetime | None
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when there is no problem."""
        return not self.problems


def health(station: Station, now: datetime) -> Health:
    """Return the health of a station. now: the machine's time."""
    link = link_views.status(station)
    with station.view() as view:
        deliveries = delivery_views.without_result(view)
        doubted = delivery_views.doubted(view)
        of_keys = key_views.problems(view, station.backend, now)
    made = backup.last(station.state_dir)
    problems = [] if link.ok else [link.sentence]
    if link.state == link_views.CONNECTED:
        for collector in link.collectors:
            if collector.reachable is not True:
                problems.append(f"Collector {collector.collector}: {collector.sentence}")
    if expired := deliveries.get("expired"):
        problems.append(f"{expired} tokens expired before a meter answered; they can be keyed in.")
    if doubted:
        problems.append(f"{doubted} tokens have an answer that may be forged; their page has why.")
    if made is None:
        problems.append("No backup was made: `tjugo backup FILE`.")
    elif now - made > BACKUP_DUE:
        problems.append(f"The last backup is of {iso(made)}: `tjugo backup FILE`.")
    return Health(link, deliveries, made, (*problems, *of_keys))


def health_json(found: Health) -> dict[str, Any]:
    """Return the health of a station as plain JSON."""
    return {
        "ok": found.ok,
        "problems": list(found.problems),
        "link": link_views.status_json(found.link),
        "deliveries": found.deliveries,
        "last_backup": iso(found.last_backup),
    }
