"""The collector on the emulated board without a network: bus and jobs."""

import pytest
from meter_board import DRN, SETTINGS, WH_A_TOKEN, token, write_flash
from modbus_client import ModbusClient

from collector.jobs import names
from sts_portable.results import ACCEPT
from tjugo.bench.bus import Bus
from tjugo.device.console import Console
from tjugo.emulated import qemu_flash
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.wire import Wire

pytestmark = pytest.mark.long

COLLECTOR = {
    "id": "c1",
    "broker": {"host": "broker"},
    "poll_ms": 200,
    "reply_timeout_ms": 1000,
    "meters": [{"address": 1, "drn": DRN}],
}
FREE_AT_BOOT = 68_000
REF = 77


@pytest.fixture
def pair(emulator, tmp_path):
    """Yield a collector with a stored job, and the meter of the job, on a bus at 9600 baud."""
    job = names.name(REF, DRN, names.JOB)
    stored = {f"jobs/{job}": names.record(1, token(1), REF, DRN, 0)}
    write_flash(tmp_path / "collector", "collector", COLLECTOR, **stored)
    write_flash(tmp_path / "meter", settings=SETTINGS)
    with (
        Bus(["collector", "meter"], 9600) as bus,
        QemuBoard(emulator, tmp_path / "collector") as collector,
        QemuBoard(emulator, tmp_path / "meter") as meter,
        Console(collector.port) as console,
    ):
        wires = [
            Wire(board.uart(1), bus.path(name))
            for name, board in (("collector", collector), ("meter", meter))
        ]
        try:
            yield collector, meter, console, wires
        finally:
            for wire in wires:
                wire.close()


def reported(console, key, wanted):
    """Wait until the collector's report has this value, or for the console's time-out."""
    while True:
        report = console.wait_for("report", 20)
        if report[key] == wanted:
            return report


def test_it_starts_from_its_flash(pair):
    selftest = pair[2].wait_for("selftest", 20)
    assert (selftest["role"], selftest["settings"], selftest["crashes"]) == ("collector", "ok", 0)
    assert selftest["free"] >= FREE_AT_BOOT


def test_it_polls_and_delivers_a_stored_job(pair):
    collector, meter, console, wires = pair
    report = reported(console, "meters", {DRN: True})
    assert report["online"] is False and report["broker"] == "no network"
    while not any(name.endswith("." + names.END) for name in jobs(collector.flash)):
        report = console.wait_for("report", 20)
    (name,) = jobs(collector.flash)
    ref, drn, result, _, _ = names.parse_name(name)
    assert (ref, drn, result) == (REF, DRN, ACCEPT)
    wires.pop().close()
    with ModbusClient(meter.uart(1)) as modbus:
        assert modbus.state()["credit"] * 10 == WH_A_TOKEN


def jobs(flash):
    """Return the names of the job files, read between two writes of the file system."""
    files = qemu_flash.read_image(flash)
    return [name.removeprefix("jobs/") for name in files if name.startswith("jobs/")]
