"""The health of a station: broker, collectors, deliveries, backup, vending keys."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from tjugo.station.backup import service as backup
from tjugo.station.delivery import views as delivery_views
from tjugo.station.keys import views as key_views
from tjugo.station.link import views as link_views
from tjugo.station.orders import views as order_views
from tjugo.station.readings import alarms
from tjugo.station.readings.alarms import AlarmCount
from tjugo.station.serving import Server, servers
from tjugo.station.station import Station
from tjugo.station.storage.moments import iso

BACKUP_DUE = timedelta(days=7)


@dataclass(frozen=True)
class Health:
    """The health of a station. problems: sentences, none if there is no problem. deliveries: how
    many there are in each state without a meter's result. last_backup: None if none was made.
    servers: those that run for the station's folder. alarms: of meters, by their latest readings;
    they are no problems of the station."""

    link: link_views.LinkStatus
    deliveries: dict[str, int]
    last_backup: datetime | None
    problems: tuple[str, ...]
    servers: tuple[Server, ...] = ()
    alarms: tuple[AlarmCount, ...] = ()

    @property
    def ok(self) -> bool:
        """True when there is no problem."""
        return not self.problems


def health(station: Station, now: datetime) -> Health:
    """Return the health of a station. now: the machine's time. Whether the vending keys are locked
    is that of the servers that run; without one, that of this process."""
    running = servers(station.state_dir)
    locked = any(one.keys_locked for one in running) if running else None
    link = link_views.status(station)
    with station.view() as view:
        deliveries = delivery_views.without_result(view)
        doubted = delivery_views.doubted(view)
        orders_doubted = order_views.doubted(view)
        of_meters = tuple(alarms.counts(view))
        of_keys = key_views.problems(view, station.backend, now, locked)
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
    if orders_doubted:
        problems.append(
            f"{orders_doubted} orders have an answer that may be forged: `tjugo meter orders`."
        )
    if made is None:
        problems.append("No backup was made: `tjugo backup FILE`.")
    elif now - made > BACKUP_DUE:
        problems.append(f"The last backup is of {iso(made)}: `tjugo backup FILE`.")
    return Health(link, deliveries, made, (*problems, *of_keys), running, of_meters)


def health_json(found: Health) -> dict[str, Any]:
    """Return the health of a station as plain JSON."""
    return {
        "ok": found.ok,
        "problems": list(found.problems),
        "link": link_views.status_json(found.link),
        "deliveries": found.deliveries,
        "last_backup": iso(found.last_backup),
        "alarms": [asdict(one) for one in found.alarms],
        "servers": [asdict(one) for one in found.servers],
    }
