"""Energy in the other direction: charged, or export with that setting."""

from meter_rig import meter, reading, token
from modbus_rig import Line

from meterbus import codes, registers


class _Part:
    """A metering part with a direction."""

    EXPORTS = True

    def __init__(self):
        self.imported = self.exported = 0

    def take(self, limit):
        taken = min(limit, self.imported)
        self.imported -= taken
        return taken

    def take_export(self):
        taken, self.exported = self.exported, 0
        return taken


def _turned(**changes):
    device = meter(**changes)
    part = _Part()
    device.enter_token(token(200))
    part.imported, part.exported = 300, 2000
    device.energy(part)
    return device, part


def test_reversed_energy_is_charged_without_the_setting():
    for changes in ({}, {"export": 0}):
        device, part = _turned(**changes)
        assert device.account.energy_wh == 2300
        assert device.account.credit == 20000 - 2300
        assert not part.exported


def test_reversed_energy_is_export_with_the_setting():
    device, _ = _turned(export=1)
    assert device.account.energy_wh == 300
    assert device.export.measured and device.export.export_wh == 2000


def test_a_part_without_a_direction_leaves_export_unknown():
    device, part = meter(export=1), _Part()
    part.EXPORTS = False
    device.energy(part)
    assert not device.export.measured


def test_reversed_power_is_limited_and_shown_as_used_without_the_setting():
    for export, overload, power_w in ((0, codes.OVERLOAD, 6000), (1, 0, 0)):
        line = Line(export=export, overload_w=5000)
        device = line.meter
        device.sensed(reading(230000, 26000, -60000), 0, True)
        device.elapsed(31000, 1000)
        assert device.limiter.open_reasons() == overload
        assert line.read(*registers.block("power_w", "power_w"))["power_w"] == power_w
        assert device.metering.power_w() == -6000
