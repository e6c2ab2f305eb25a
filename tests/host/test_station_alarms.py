"""Alarms of meters: on the pages, in the API, in `tjugo status`, and as an event."""

import json

import pytest
from cli_kit import Shell
from people_kit import HTML, client
from station_kit import COLLECTOR, do, drn, see
from test_station_db import agree, released

from meterbus import codes, status_bits
from tjugo.station.link import records
from tjugo.station.readings import alarms, intake
from tjugo.station.readings.columns import columns
from tjugo.station.registry import meters, views
from tjugo.station.station import Station
from tjugo.station.storage.tables import MeterReading
from tjugo.station.webhooks import service

NOTHING = {column: None for column, _, _ in columns("state") if column not in ("at", "online")}
FINE = dict.fromkeys((row[1] for row in status_bits.STATUS), False)
WELL = {**NOTHING, **FINE, "open_reasons": 0}
WELL |= {"credit_wh": 12340, "power_w": 600, "control_state": 1, "relay_closed": True}
SAFE = {
    **NOTHING,
    "safe_mode": True,
    "crashed": True,
    "crash": "MemoryError",
    "relay_closed": False,
}
SAFE |= {"open_reasons": codes.SAFE_MODE, "control_state": 0, "fault": "safe mode"}
LOCKED = {**WELL, "malignant_load": True, "open_reasons": codes.MALIGNANT_LOCKED}
LOCKED |= {"control_state": 0, "relay_closed": False}
KINDS = codes.METER_COVER | codes.BYPASS
TAMPERED = {**WELL, "tamper": True, "tamper_kinds": KINDS, "cover_open": True}

# Rows of schema 0023.
DRNS = tuple(drn(number) for number in (1, 2, 3))
METER = (
    "INSERT INTO meter (tenant_id, drn, ea, tct, status, counts, created_at) "
    "VALUES (1, '{}', 7, 2, 'installed', 'energy', '2026-11-01')"
)
OLD = (
    "INSERT INTO meter_reading (tenant_id, received_at, online, drn, {}) "
    "VALUES (1, '2026-11-01', 1, '{}', {})"
)


def told(station, number, values, online=True):
    """Report a reading of a meter as its collector does."""
    found = intake.Reading(COLLECTOR, drn(number), station.clock(), online, values)
    records.reports(station, [found])


def reading(station, number):
    return see(station, views.find_meter, drn(number)).reading


def listed(station, search=""):
    return [one.drn for one in see(station, views.meters, search, alarm=True).items]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (NOTHING, None),
        (WELL, []),
        (SAFE, ["safe_mode"]),
        (LOCKED, ["malignant_locked"]),
        ({**WELL, "malignant_load": True}, ["malignant_load"]),
        (TAMPERED, ["tamper", "cover_open"]),
        ({**WELL, "relay_fault": True}, ["relay_fault"]),
        ({**WELL, "ledger_fault": True}, ["ledger_fault"]),
        ({**WELL, "not_configured": True}, ["not_configured"]),
        ({**WELL, "low_credit": True, "crashed": True}, []),
    ],
)
def test_the_alarms_of_a_reading(station, values, expected):
    told(station, 1, values)
    assert reading(station, 1)["alarms"] == expected
    assert listed(station) == ([drn(1)] if expected else [])


def test_meters_with_an_alarm_are_listed_and_found(station):
    told(station, 1, LOCKED)
    told(station, 2, WELL)
    assert listed(station) == listed(station, drn(1)) == listed(station, COLLECTOR) == [drn(1)]
    assert listed(station, drn(2)) == []
    told(station, 1, LOCKED, online=False)
    assert listed(station) == [drn(1)]  # by its last answer
    do(station, meters.retire_meter, drn(1), "burnt")
    assert listed(station) == [] and see(station, alarms.counts) == []


def test_the_index_is_used(station):
    if station.database.queue() is None:
        pytest.skip("the plans of SQLite")
    with station.view() as view:
        query = alarms.drns(view).compile(compile_kwargs={"literal_binds": True})
        plan = view.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert any("ix_meter_reading_alarms" in row[-1] for row in plan), plan


def test_the_api_has_alarms_kinds_and_what_is_unknown(station):
    told(station, 1, SAFE)
    told(station, 2, TAMPERED)
    with client(station) as web:
        first, second = (web.get(f"/api/v1/meters/{drn(n)}").json()["reading"] for n in (1, 2))
        found = web.get("/api/v1/meters?alarm=true&limit=1").json()
        rest = web.get(f"/api/v1/meters?alarm=true&limit=1&after={found['next']}").json()
    assert first["tamper"] is first["cover_open"] is first["tamper_kinds"] is None
    assert first["alarms"] == ["safe_mode"]
    assert second["tamper_kinds"] == ["meter_cover", "bypass"]
    assert second["alarms"] == ["tamper", "cover_open"]
    assert [row["drn"] for row in found["items"] + rest["items"]] == [drn(1), drn(2)]
    assert rest["next"] is None


def test_the_status_names_meters_with_an_alarm(station, monkeypatch, capsys):
    shell = Shell(station.state_dir, monkeypatch, capsys)
    assert "Alarm" not in shell.run("status").out
    before = shell.run("status").status
    for number in (1, 2):
        told(station, number, TAMPERED)
    told(station, 3, SAFE)  # has no collector: not accepted
    done = shell.run("status")
    assert f"Alarm       tampering: {drn(1)}, {drn(2)}\n" in done.out
    assert done.status == before and "safe mode" not in done.out
    told(station, 2, SAFE)
    found = json.loads(shell.run("status", "--json").out)["alarms"]
    assert found[0] == {"name": "tamper", "words": "tampering", "count": 1, "drns": [drn(1)]}
    assert [(one["name"], one["drns"]) for one in found[1:]] == [
        ("cover_open", [drn(1)]),
        ("safe_mode", [drn(2)]),
    ]


def test_the_command_shows_the_reading_of_a_meter(station, monkeypatch, capsys):
    shell = Shell(station.state_dir, monkeypatch, capsys)
    for values, lines in (
        (TAMPERED, ("alarms            tampering: meter cover opened, bypass; meter cover open",)),
        (WELL, ("alarms            none", "power             600 W", "contact           closed")),
        (SAFE, ("alarms            safe mode", "power             unknown")),
        (NOTHING, ("alarms            unknown", "contact           unknown")),
    ):
        told(station, 1, values)
        out = shell.fine("meter", "show", drn(1)).splitlines()
        assert set(lines) <= set(out)


def test_the_status_names_the_first_meters_of_many(station, monkeypatch, capsys):
    for number in (4, 5, 6):
        new = {"ea": "07", "collector_id": COLLECTOR}
        do(
            station,
            lambda work, n=number, new=new: meters.add_meter(
                work, meters.new_meter(work, drn(n), **new)
            ),
        )
    for number in (1, 2, 4, 5, 6):
        told(station, number, SAFE)
    out = Shell(station.state_dir, monkeypatch, capsys).run("status").out
    assert f"Alarm       safe mode: {drn(1)}, {drn(2)}, {drn(4)} and 2 more\n" in out


def test_an_alarm_that_begins_is_an_event(station):
    told(station, 1, WELL)
    do(station, service.add, station.state_dir, "shop", "https://a.example/", ["meter.alarm"])
    for values in (LOCKED, LOCKED, {**TAMPERED, "open_reasons": codes.MALIGNANT_LOCKED}):
        station.clock.forward(seconds=1)
        told(station, 1, values)
    told(station, 2, SAFE)
    told(station, 2, WELL)
    told(station, 2, NOTHING, online=False)
    station.clock.forward(seconds=1)
    told(station, 2, SAFE)
    rows = see(station, service.messages).items[::-1]
    bodies = [json.loads(row.body) for row in rows]
    assert {body["type"] for body in bodies} == {"meter.alarm"}
    assert bodies[0]["data"] == {
        "drn": drn(1),
        "began": ["malignant_locked"],
        "alarms": ["malignant_locked"],
        "tamper_kinds": None,
        "at": "2026-11-22T12:00:01Z",
    }
    began = sorted((body["data"]["drn"], body["data"]["began"]) for body in bodies)
    assert began == [
        (drn(1), ["malignant_locked"]),
        (drn(1), ["tamper", "cover_open"]),
        (drn(2), ["safe_mode"]),
        (drn(2), ["safe_mode"]),
    ]
    (tampered,) = (body["data"] for body in bodies if "tamper" in body["data"]["began"])
    assert tampered["tamper_kinds"] == ["meter_cover", "bypass"]


def test_without_a_webhook_the_readings_before_are_not_read(station, monkeypatch):
    def asked(*_given):
        raise AssertionError("no webhook gets the event")

    monkeypatch.setattr(alarms, "before", asked)
    told(station, 1, SAFE)
    assert listed(station) == [drn(1)]


def test_the_page_of_a_meter_has_its_reading_in_words(station):
    with client(station) as web:

        def page():
            return " ".join(web.get(f"/meters/{drn(1)}", headers=HTML).text.split())

        assert "its collector has not reported it yet" in page()
        told(station, 1, {**WELL, "power_limit_w": 4000, "low_credit": True})
        for text in ("answers", "12.34 kWh", ">low<", "600 W, limit 4000 W", "contact closed"):
            assert text in page()
        assert "<dt>Tampering</dt><dd>none. Meter cover closed.</dd>" in page()
        assert "status alarm" not in page()
        told(
            station, 1, {**TAMPERED, "credit_wh": None, "credit_money": 150000, "currency": "XOF"}
        )
        for text in ("tampering: meter cover opened, bypass", "1.50 XOF", "Meter cover open."):
            assert text in page()
        told(station, 1, LOCKED)
        assert "only an operator restores the supply" in page()
        told(station, 1, SAFE, online=False)
        shown = page()
    for text in ("does not answer", "its last answer", "safe mode", "MemoryError", "contact open"):
        assert text in shown
    assert "<dt>Tampering</dt><dd>unknown. Meter cover unknown.</dd>" in shown
    assert "<dt>Credit</dt><dd>unknown</dd>" in shown and "<dt>Power</dt><dd>unknown</dd>" in shown


def test_the_page_of_meters_marks_and_lists_them(station):
    told(station, 1, TAMPERED)
    told(station, 2, WELL)
    with client(station) as web:
        every = web.get("/meters", headers=HTML).text
        some = web.get("/meters?alarm=1", headers=HTML).text
        none = web.get(f"/meters?alarm=1&search={drn(2)}", headers=HTML).text
        told(station, 1, WELL)
        quiet = web.get("/meters", headers=HTML).text
    assert "tampering: meter cover opened, bypass" in every and "alarm=1" in every
    assert f'data-drn="{drn(2)}"' in every and f'data-drn="{drn(2)}"' not in some
    assert f'data-drn="{drn(1)}"' in some and "All meters" in some
    assert '<input type="hidden" name="alarm" value="1">' in some
    assert "No meter is found." in none
    assert "status alarm" not in quiet and "alarm=1" not in quiet


def test_readings_of_a_database_of_schema_23_have_their_alarms(tmp_path):
    folder = tmp_path / "state"
    released(
        folder,
        "0023",
        "INSERT INTO tenant (tenant_id, name) VALUES (1, 'Utility')",
        *(METER.format(number) for number in DRNS),
        OLD.format("safe_mode, tamper, cover_open, relay_closed", DRNS[0], "1, 0, 0, 0"),
        OLD.format("safe_mode, tamper, open_reasons", DRNS[1], "0, 1, 2048"),
        OLD.format("power_w", DRNS[2], "60"),
    )
    with Station.open(folder) as station, station.view() as view:
        row, other, none = (view.session.get_one(MeterReading, (1, one)) for one in DRNS)
        assert (other.alarms, none.alarms) == (alarms.TAMPER | alarms.LOCKED, None)
        assert (row.alarms, row.tamper, row.cover_open) == (alarms.SAFE_MODE, None, None)
        assert (row.relay_closed, row.tamper_kinds) == (False, None)
    agree(folder)
