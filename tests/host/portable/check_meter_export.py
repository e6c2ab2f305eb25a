"""Exported energy: counted, kept over power failures, unknown where it is not measured."""

import meter_rig
from meter_rig import Memory, meter, press, shown
from modbus_rig import Line

from meterbus import codes, energy_rows, registers


def _export(device, pulses):
    device.export.count(pulses)
    device.elapsed(20, 20)


def test_exported_pulses_are_counted_beside_the_imported_ones():
    line = Line(export=1)
    device = line.meter
    device.pulses(3000)
    _export(device, 1250)
    assert (device.export.export_wh, device.account.energy_wh) == (1250, 3000)
    assert device.account.credit == -3000  # export is no credit
    assert line.read(*registers.block("export_wh", "export_wh"))["export_wh"] == 1250
    found = line.read(0x48, 4, 4)
    assert (found["sdm_import"], found["sdm_export"]) == (3, 1.25)
    assert line.read(0x156, 2, 4)["sdm_total"] == 4.25
    press(device, "852#")
    assert shown(device) == ("Exported", "1.25 kWh")


def test_it_is_unknown_until_a_part_with_a_direction_counts():
    line = Line(export=1)
    assert not line.meter.known() & energy_rows.EXPORT_KNOWN
    assert {"export_wh", "sdm_export"} <= line.unknown()
    press(line.meter, "852#")
    assert shown(line.meter) == ("Exported", "---")
    _export(line.meter, 0)
    assert not {"export_wh", "sdm_export"} & line.unknown()


def test_a_lost_ledger_leaves_it_unknown():
    memory = Memory()
    _export(meter(memory, export=1), 500)
    memory.data[520] ^= 1
    memory.data[1040] ^= 1
    device = meter(memory, export=1)
    _export(device, 1)
    assert device.ledger.fault and not device.known() & energy_rows.EXPORT_KNOWN


def test_at_most_ten_wh_are_lost_with_the_power():
    memory = Memory()
    device = meter(memory, 1600, export=1)
    total = 0
    for number in range(300):
        pulses = number * 7 % 23
        _export(device, pulses)
        total += pulses
        assert device.export.export_wh == total * 1000 // 1600
        if number % 50 == 49:
            before = device.export.export_wh
            device = meter(memory, 1600, export=1)
            assert 0 <= before - device.export.export_wh < 10
            total = (device.export.export_wh * 1600 + device.export.remainder) // 1000


def test_the_register_wraps():
    device = meter(export=1)
    device.export.export_wh = 0xFFFFFFFF
    _export(device, 2)
    assert device.export.export_wh == 1


def test_with_export_0_nothing_is_counted_and_with_no_setting_there_is_no_feature():
    device = meter(export=0)
    _export(device, 500)
    assert device.export.export_wh == 0 and not device.known() & energy_rows.EXPORT_KNOWN
    assert not hasattr(meter(), "export")
    assert meter(export=2).settings.wrong == "export"


# Version 1 of record 18.
_RECORD = bytes.fromhex("1201080001e2400000018f")


def test_the_stored_record_is_read_by_later_versions():
    device = meter(export=1)
    device.export._unpack(_RECORD[3:], 1)
    assert (device.export.export_wh, device.export.remainder) == (123456, 399)
    buf = bytearray(8)
    assert device.export._pack(buf, 0) == 8 and bytes(buf) == _RECORD[3:]
    assert device.export.records[0][:2] == tuple(_RECORD[:2])


def test_reversed_current_is_no_tampering_then():
    device = meter(export=1)
    device.sensed(meter_rig.reading(230000, 10000, -23000), 0, True)
    for _ in range(20):
        device.elapsed(1000, 1000)
    assert not device.tamper.latched & codes.REVERSE
