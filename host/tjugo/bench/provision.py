"""What a bench's boards need before they start: demo customers and meters, keys, settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tjugo import sta_tables
from tjugo.bench.state import read_json, write_private
from tjugo.bench.trace import COLLECTOR
from tjugo.errors import Conflict, Unavailable
from tjugo.station import clock, settings
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import (
    NewMeter,
    config_of,
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
_NOT_A_METERS = ("bdt", "dkga")  # of the vending side only: the key is made with them
_JUMP = "clock_jump_days"
_EAS = (7, 11)  # by turns, so that both ciphers are there to look at
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
    """Registers what is missing at the station and writes each board's settings.

    options: `meters` (how many), `collector` (bool), `baudrate`. What a meter already has in its
    settings, its key above all, stays. Raises TjugoError.
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
        write_private(collector.folder / "settings.json", settings)
    return Plan(folder, meters, collector, collector_id)


def _believe_the_clock(work: Work) -> None:
    """Simulated time leaps, and goes back where a bench was killed before it saved its clock."""
    if clock.state(work, work.now()) is not None:
        clock.confirm(work)
    if settings.get(work, _JUMP) != settings.SETTINGS[_JUMP].most:
        settings.put(work, _JUMP, f"{settings.SETTINGS[_JUMP].most}")


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
    _flash(plan.folder)
    path = plan.folder / "settings.json"
    bus = {"address": plan.address, "baudrate": baudrate}
    settings = {**meter_settings(station, plan.drn), **(read_json(path) or {}), **bus}
    write_private(path, settings)
    _copy_sta_tables(station, plan.folder)
    return plan


def _copy_sta_tables(station: Station, flash: Path) -> None:
    """The meter has the tables that the station sells with; without a file, the sample ones."""
    if sta_tables.kept(station.state_dir) is None:
        sta_tables.reset(flash)
    else:
        sta_tables.load(station.state_dir / sta_tables.FILE, flash)


def meter_settings(station: Station, drn: str) -> dict[str, Any]:
    """What a factory puts into a meter: its name and its key state. Raises TjugoError."""
    with station.view() as view:
        config = config_of(view, drn)
    return {
        "drn": config.drn,
        "mfr_code": int(_MANUFACTURER),
        "key": station.backend.decoder_key(config).hex(),
        **{name: found for name, found in config.register().items() if name not in _NOT_A_METERS},
    }


def collector_settings(
    collector_id: str, meters: list[MeterPlan], baudrate: int, broker_port: int
) -> dict[str, Any]:
    """settings.json of the collector (docs/collector.md)."""
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
