"""Every register has a getter, every short code is there once, what a meter lacks is not
there."""

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from modbus_rig import Line

from meterbus import client, frame, registers

ALL = {
    "malignant": {},
    "export": 1,
    "tariffs": [[127, 0, 1]],
    "demand_period_min": 30,
}


def test_a_a_meter_without_features_lacks_their_registers():
    """The first test: other meters add their registers to the table of this process."""
    line = Line()
    names = [row[registers.NAME] for row in registers.ROWS]
    assert "export_wh" not in names and "tariff_now" not in names and "max_demand_w" not in names
    for start in (0x1040, 0x1048, 0x1050, 0x1058):
        parser = line.ask(client.read_request(1, 3, start, 1))
        assert parser.exception == frame.ILLEGAL_DATA_ADDRESS
    # A gap of Eastron's map, which clients read across.
    assert line.ask(client.read_request(1, 4, 0x48, 24)).exception == 0


def test_every_register_has_a_getter_and_no_more():
    line = Line(**ALL)
    view = line.view
    for row in registers.ROWS:
        assert row[registers.NAME] in view.sources or row[registers.NAME] in view.REGISTERS
    brought = [name for one in line.meter.features for name in getattr(one, "REGISTERS", ())]
    brought += list(view.REGISTERS)
    brought.remove("sdm_total")  # the exported energy is part of it, in a meter that counts it
    assert sorted(brought) == sorted([row[registers.NAME] for row in registers.ROWS])


def test_rows_are_added_once_and_in_order():
    before = registers.ROWS
    Line(**ALL)
    assert registers.ROWS == before
    addresses = [row[registers.ADDRESS] for row in registers.ROWS]
    assert addresses == sorted(addresses) and len(set(addresses)) == len(addresses)
    assert registers.row("sdm_export") in registers.ROWS


def test_no_short_code_is_there_twice():
    device = Line(emergency_wh=1000, friendly_days=1, features="full", **ALL).meter
    found = [row[0] for one in device.features for row in getattr(one, "CODES", ())]
    assert len(set(found)) == len(found) == 32
