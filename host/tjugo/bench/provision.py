"""The prerequisites of a bench's boards: demo customers and meters, keys, settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tjugo.bench.trace import COLLECTOR
from tjugo.device import provisioning
from tjugo.device.provisioning import FolderBoard
from tjugo.errors import Conflict, Unavailable
from tjugo.station import clock, settings
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import (
    NewMeter,
    drn_with_check_digit,
    ensure_meter,
    set_collector,
)
from tjugo.station.station import Station
from tjugo.station.work import Work

COLLECTOR_ID = "bench"
_MANUFACTURER = "01"
_NAMES = (
    "Amina Diallo",
    "Bo Lindqvist",
    "Chidi Okafor",
    "Dolores Ibarra",
    "Esi Mensah",
    "Farid Rahimi",
)
_JUMP = "clock_jump_days"
_PROTECTION = {"voltage_opens": 1}  # and what is switched on on the page, see options.py
_EAS = (7, 11)  # alternating, so that both ciphers are demonstrated
_POLL_MS = 1000
_POLL_MS_A_METER = 150  # a poll takes about 100 ms at 9600 baud


@dataclass(frozen=True)
class BoardPlan:
    """A board: its name on the bus, its program in firmware/, and the folder that is its flash."""

    name: str
    program: str
    folder: Path


@dataclass(frozen=True)
class MeterPlan(BoardPlan):
    drn: str
    address: int
    customer: str


@dataclass(frozen=True)
class Plan:
    """All boards of a bench. `folder` holds their flashes and logs."""

    folder: Path
    meters: list[MeterPlan]
    collector: BoardPlan | None
    collector_id: str | None


def provision(station: Station, options: dict[str, Any], broker_port: int) -> Plan:
    """Register what is missing at the station and write each board's settings.

    options: `meters` (how many), `collector` (bool), `baudrate`. Settings that a meter already
    has, its key above all, are kept. Raise TjugoError.
    """
    folder = station.state_dir / "boards"
    collector_id = COLLECTOR_ID if options["collector"] else None
    numbers = range(1, options["meters"] + 1)
    with station.work("bench") as work:
        _believe_the_clock(work)
        plans = [_register(work, folder, number, collector_id) for number in numbers]
    meters = [_write_settings(station, plan, options["baudrate"]) for plan in plans]
    collector = None
    if collector_id is not None:
        collector = BoardPlan(COLLECTOR, "collector", _flash(folder / COLLECTOR))
        settings = collector_settings(collector_id, meters, options["baudrate"], broker_port)
        provisioning.provision(FolderBoard(collector.folder, "collector"), settings)
    return Plan(folder, meters, collector, collector_id)


def _believe_the_clock(work: Work) -> None:
    """Confirm the clock: simulated time leaps, and goes back where a bench was killed before it
    saved its clock."""
    if clock.state(work, work.now()) is not None:
        clock.confirm(work)
    if settings.get(work, _JUMP) != settings.NUMBERS[_JUMP].most:
        settings.put(work, _JUMP, f"{settings.NUMBERS[_JUMP].most}")


def _register(work: Work, folder: Path, number: int, collector_id: str | None) -> MeterPlan:
    drn = drn_with_check_digit(f"{_MANUFACTURER}{number:08d}")
    ea = _EAS[(number - 1) % len(_EAS)]
    ensure_meter(work, NewMeter(drn, ea=ea, collector_id=collector_id))
    set_collector(work, drn, collector_id)
    customer = _NAMES[(number - 1) % len(_NAMES)]
    account = f"BENCH-{number:03d}"
    try:
        add_customer(work, customer, account_no=account)
    except Conflict:
        pass  # an earlier bench in this folder
    link_meter(work, drn, account)
    return MeterPlan(drn, "meter", folder / f"meter-{drn}", drn, number, customer)


def _write_settings(station: Station, plan: MeterPlan, baudrate: int) -> MeterPlan:
    board = FolderBoard(_flash(plan.folder), "meter")
    there = board.look()["settings"]
    factory = provisioning.meter_settings(station, plan.drn)
    added = {name: value for name, value in factory.items() if name not in there}
    added |= {"address": plan.address, "baudrate": baudrate}
    added |= {"features": "full", "profile": 1}
    added |= {name: value for name, value in _PROTECTION.items() if name not in there}
    provisioning.provision(board, added, provisioning.station_tables(station))
    return plan


def collector_settings(
    collector_id: str, meters: list[MeterPlan], baudrate: int, broker_port: int
) -> dict[str, Any]:
    """Return the settings.json of the collector (docs/collector.md)."""
    return {
        "id": collector_id,
        "broker": {"host": "127.0.0.1", "port": broker_port},
        "baudrate": baudrate,
        "poll_ms": max(_POLL_MS, _POLL_MS_A_METER * len(meters)),
        "meters": [{"address": meter.address, "drn": meter.drn} for meter in meters],
    }


def _flash(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return folder
