"""The meter as an SDM120, SDM230 and SDM630, read by the public library sdm-modbus."""

import json
import math

import pytest
from meter_process import Cable, MeterBoard, settings, token
from sdm_clients import Client, library, meter_of

from sts_portable import results

# (model, {quantity: name in the library})
SINGLE = {
    "V": "voltage",
    "A": "current",
    "W": "power_active",
    "VA": "power_apparent",
    "PF": "power_factor",
    "Hz": "frequency",
    "kWh": "import_energy_active",
    "total": "total_energy_active",
}
THREE = {
    "V": "l1_voltage",
    "A": "l1_current",
    "W": "total_power_active",
    "VA": "l1_power_apparent",
    "PF": "l1_power_factor",
    "Hz": "frequency",
    "kWh": "import_energy_active",
    "total": "total_energy_active",
}
MODELS = [("SDM120", SINGLE), ("SDM230", SINGLE), ("SDM630", THREE)]
OTHER_PHASES = ("l2_voltage", "l3_voltage", "l2_current", "l3_power_active", "l12_voltage")


@pytest.fixture(scope="module")
def board(micropython, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdm")
    with MeterBoard(micropython, folder, settings(), speed=60) as board:
        assert board.deliver(token(200, 0), 5) == results.ACCEPT
        board.say({"load_w": 2300})
        board.wait(
            lambda said: any(line.get("report", {}).get("energy_wh") for line in said), "energy"
        )
        yield board


@pytest.fixture
def read(board):
    """Return a function that reads all registers of a model by the library."""
    module = library()
    with Cable(board) as cable:
        client = Client(cable.path)
        yield lambda model: meter_of(model, client, module).read_all()
        client.close()


def close(value, wanted):
    return math.isclose(value, wanted, rel_tol=0.001)


@pytest.mark.parametrize(("model", "names"), MODELS, ids=[row[0] for row in MODELS])
def test_a_public_library_reads_the_meter(read, model, names):
    everything = read(model)
    found = {quantity: everything[name] for quantity, name in names.items()}
    wanted = {"V": 230, "A": 10, "W": 2300, "VA": 2300, "PF": 1, "Hz": 50}
    assert all(close(found[name], value) for name, value in wanted.items()), found
    assert 0 < found["kWh"] <= found["total"] < 20


def test_phases_that_are_not_there_are_unknown_and_not_zero(read):
    found = read("SDM630")
    assert [math.isnan(found[name]) for name in OTHER_PHASES] == [True] * len(OTHER_PHASES)
    assert math.isnan(found["export_energy_active"])
    json.dumps(found)  # NaN is a number to the library and to what it passes it on to


def test_a_block_is_read_without_a_load_too(board, read):
    """There is no power factor then; the library must get the block with the voltage."""
    board.say({"load_w": 0})
    board.wait(lambda said: said and board.last("report")["power_w"] == 0, "no power")
    for model, names in MODELS:
        found = read(model)
        assert close(found[names["V"]], 230), model
        assert found[names["W"]] == 0 and math.isnan(found[names["PF"]]), model
