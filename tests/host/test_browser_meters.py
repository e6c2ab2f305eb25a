"""The page of meters in a real browser: readings, and faults reported by collectors."""

from datetime import UTC, datetime

import pytest
from station_kit import COLLECTOR, drn, new_station, served

from tjugo.station.link import records
from tjugo.station.readings import intake
from tjugo.station.readings.columns import columns
from tjugo.station.station import Station, utc_now

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

TIMEOUT_MS = 20_000
UNKNOWN = {c: None for c, _, _ in columns("state") if c not in ("at", "online")}


@pytest.fixture
def state(tmp_path):
    new_station(tmp_path / "state", utc_now).close()
    return tmp_path / "state"


@pytest.fixture
def page(browser, state):
    with served(state) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        expect.set_options(timeout=TIMEOUT_MS)
        errors = []
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(url + "meters")
        yield page
        page.close()
    assert errors == []


def tell(state, said):
    with Station.open(state) as station:
        records.reports(station, [said])


def reading(online=True, **values):
    return intake.Reading(COLLECTOR, drn(1), datetime.now(UTC), online, {**UNKNOWN, **values})


@pytest.mark.long
def test_what_a_collector_tells_is_shown(page, state):
    row = page.locator(f"tr[data-drn='{drn(1)}']")
    expect(row).to_contain_text("no reading")
    tell(state, reading(credit_wh=12340, power_w=600, control_state=1))
    expect(row).to_contain_text("connected")
    expect(row).to_contain_text("12.34")
    tell(state, reading(online=False, fault="device failure", crash="<b>MemoryError</b>"))
    expect(row).to_contain_text("device failure")
    expect(row).to_contain_text("crashed <b>MemoryError</b>")
    tell(state, reading(control_state=2))
    expect(row).to_contain_text("ready to reconnect")
    expect(row).not_to_contain_text("crashed")
    tell(state, reading(control_state=0, open_reasons=5, relay_fault=True, relay_closed=False))
    for text in ("relay fault", "no credit", "ledger fault", "contact open", "unknown"):
        expect(row).to_contain_text(text)
    tell(state, reading(fault="ledger fault", ledger_fault=True, power_fail_count=3, krn=2, sgc=7))
    expect(row).to_contain_text("power failures: 3")
    expect(row.locator(".status", has_text="ledger fault")).to_have_count(1)
    expect(row).to_contain_text("in the meter: SGC 000007 · KRN 2")

    collector = page.locator(f"tr[data-collector='{COLLECTOR}']")
    expect(collector).to_contain_text("nothing received yet")
    tell(state, intake.CollectorStatus(COLLECTOR, True))
    tell(state, intake.CollectorAbout(COLLECTOR, "0.1.0", "OSError: 5"))
    expect(collector).to_contain_text("online")
    expect(collector).to_contain_text("crashed OSError: 5")
