"""The whole meter on the bench page: what is done to it, its alarms and records. At 60 times."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bench_page import expect, meter, opened, press
from bench_rig import BenchProcess, wait_for

HEATER = "Supply off: A heater was found that is not allowed."
OFF = "Power cut: the meter is off."
AS_AT_FIRST = {
    "plugged": [],
    "load_w": 60,
    **dict.fromkeys(("cover", "terminal_cover", "magnet", "reversed", "bypass"), False),
}


@pytest.fixture(scope="module")
def bench(micropython_runtime, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    with BenchProcess(folder, "--speed", "60", "--no-collector") as bench:
        yield bench


@pytest.fixture
def page(browser, bench):
    for number in (0, 1):
        bench.meter(number).ask(AS_AT_FIRST)
    with opened(browser, bench) as page:
        yield page


def alarms(card):
    return card.get_by_test_id("alarms")


def switch(card, name, on=True):
    """Click a switch, and wait until the bench has it."""
    card.get_by_test_id(name).click()
    expect(card.get_by_test_id(name)).to_have_attribute("aria-pressed", "true" if on else "false")


def bought(card, kwh):
    """Sell a token that is to be keyed in; return its digits."""
    card.get_by_test_id("sell-kwh").fill(kwh)
    card.get_by_test_id("sell-button").click()
    expect(card.get_by_test_id("token")).to_have_text(re.compile(r"^(\d{4} ){4}\d{4}$"))
    expect(card.get_by_test_id("steps")).to_contain_text("to be keyed in")
    return card.get_by_test_id("token").text_content().replace(" ", "")


def key_in(card, kwh):
    press(card, bought(card, kwh) + "#")
    expect(card.get_by_test_id("relay")).to_have_text("relay closed")


def read_records(page, card):
    """Open the records and wait until they are read; return their place on the page."""
    card.get_by_test_id("records-button").click()
    expect(page.get_by_test_id("events")).to_be_visible()
    return page.get_by_test_id("records-body")


def test_a_kettle_an_open_cover_and_a_token_by_clicks(page, bench):
    card = meter(page, bench, 0)
    expect(alarms(card)).to_contain_text("Supply off: There is no credit.")
    switch(card, "plug-kettle")
    expect(card).to_contain_text("Plugged in 2000 W")
    switch(card, "cover")
    expect(alarms(card)).to_contain_text("Tampering: meter cover opened.")
    press(card, bought(card, "300") + "#")
    expect(card.get_by_test_id("display")).to_contain_text("Accepted")
    expect(card.get_by_test_id("credit")).to_have_text(re.compile(r"^(300\.00|29\d\.\d\d)$"))
    expect(card.get_by_test_id("power")).to_have_text("2060")
    expect(alarms(card)).not_to_contain_text("no credit")
    expect(alarms(card)).to_contain_text("Tampering: meter cover opened.")

    body = read_records(page, card)
    for text in ("Meter cover opened", "Token accepted (Accept)"):
        expect(body.get_by_role("cell", name=text, exact=True)).to_be_visible()
    expect(body).to_contain_text("Tampering: meter cover opened")
    expect(body.locator("time").first).to_have_attribute("datetime", re.compile(r"^20\d\d-.*Z$"))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("records")).to_be_hidden()


def supply_time(bench):
    """Return the supply time of the bench."""
    return datetime.fromisoformat(bench.call("GET", "bench/state")[1]["clock"]["text"])


def test_a_person_can_key_a_token_in_while_time_runs_fast(page, bench):
    """With a pause of two minutes of supply time after each group of digits: the meter waits 20 s
    for the next key, of a person's time."""
    card = meter(page, bench, 1)
    digits = bought(card, "150")
    for place in range(0, 20, 4):
        press(card, digits[place : place + 4])
        shown = f"{place + 4}/20" if place < 16 else "#enter"
        expect(card.get_by_test_id("display")).to_contain_text(shown)
        until = supply_time(bench) + timedelta(minutes=2)
        wait_for(lambda until=until: supply_time(bench) > until, "two minutes")
        expect(card.get_by_test_id("display")).to_contain_text(shown)
    press(card, "#")
    expect(card.get_by_test_id("display")).to_contain_text("Accepted")
    expect(card.get_by_test_id("relay")).to_have_text("relay closed")


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1280])
def test_a_meter_in_safe_mode_is_in_safe_mode_on_its_card(page, bench, width):
    page.set_viewport_size({"width": width, "height": 800})
    card, of = meter(page, bench, 0), bench.facts["meters"][0]
    expect(card.get_by_test_id("safe")).to_be_hidden()
    expect(card.get_by_test_id("credit")).not_to_have_text("unknown")
    report = Path(of["flash"]) / "crash.json"
    report.write_text('{"failures": 4, "crashes": 4, "last": "OSError: 5"}')
    card.get_by_test_id("kill").click()
    expect(card.get_by_test_id("safe")).to_be_visible()
    for name in ("credit", "power"):
        expect(card.get_by_test_id(name)).to_have_text("unknown")
    expect(card.get_by_test_id("relay")).to_have_text("relay open")
    expect(card.get_by_test_id("lamp")).to_have_attribute("data-lit", "false")
    expect(alarms(card)).to_contain_text("Supply off: The safe application runs")
    expect(alarms(card)).to_contain_text("Crash: OSError: 5")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    report.unlink()
    card.get_by_test_id("kill").click()
    expect(card.get_by_test_id("safe")).to_be_hidden()
    expect(card.get_by_test_id("credit")).not_to_have_text("unknown")


def test_a_heater_trips_where_it_is_not_allowed(page, bench):
    card = meter(page, bench, 1)
    switch(card, "option-malignant")
    expect(card.get_by_test_id("display")).to_contain_text("redit")  # it has started again
    key_in(card, "200")
    switch(card, "plug-fridge")
    switch(card, "plug-microwave")
    expect(card.get_by_test_id("power")).to_have_text("1370")
    expect(card.get_by_test_id("relay")).to_have_text("relay closed")
    switch(card, "plug-heater")
    expect(alarms(card)).to_contain_text(HEATER)
    expect(card.get_by_test_id("relay")).to_have_text("relay open")
    expect(card.get_by_test_id("lamp")).to_have_attribute("data-lit", "false")
    switch(card, "plug-heater", False)
    expect(card.get_by_test_id("relay")).to_have_text("relay closed")  # by time
    expect(alarms(card)).to_have_text("No alarm.")
    body = read_records(page, card)
    for text in ("Heater found: 1500 W", "Restored after a heater, by time"):
        expect(body.get_by_role("cell", name=text, exact=True)).to_be_visible()
    page.get_by_test_id("records-close").click()
    switch(card, "option-malignant", False)


def restarts(card):
    """Return what the card says of restarts after a fault."""
    expect(card.get_by_test_id("process")).to_contain_text("MicroPython")
    return re.findall(r"restarted \d+x", card.get_by_test_id("process").inner_text())


@pytest.mark.long
def test_overload_bad_voltage_and_a_power_cut(page, bench):
    card = meter(page, bench, 0)
    switch(card, "option-overload")
    key_in(card, "400")
    for name in ("kettle", "heater", "microwave"):
        switch(card, f"plug-{name}")
    expect(alarms(card)).to_contain_text("Supply off: Overload")
    for name in ("kettle", "heater", "microwave"):
        switch(card, f"plug-{name}", False)
    expect(card.get_by_test_id("relay")).to_have_text("relay closed")
    for volts in ("150", "285"):
        switch(card, f"voltage-{volts}")
        expect(alarms(card)).to_contain_text("Supply off: The voltage is not good.")
        switch(card, "voltage-230")
        expect(card.get_by_test_id("relay")).to_have_text("relay closed")
    before = restarts(card)  # by other tests
    switch(card, "voltage-0")
    expect(alarms(card)).to_have_text(OFF)
    expect(card.get_by_test_id("process")).to_contain_text("without power")
    switch(card, "magnet")
    switch(card, "voltage-230")
    expect(alarms(card)).to_contain_text("magnet")
    assert restarts(card) == before
    body = read_records(page, card)
    for text in ("Under-voltage: 150.0 V", "Over-voltage: 285.0 V"):
        expect(body.get_by_role("cell", name=text, exact=True)).to_be_visible()
    expect(body).to_contain_text("magnet, while the meter was without power")
    page.get_by_test_id("records-close").click()
    switch(card, "option-overload", False)


@pytest.mark.long
def test_bypass_and_reversed_current_are_found(page, bench):
    card = meter(page, bench, 1)
    key_in(card, "100")
    switch(card, "bypass")
    switch(card, "reversed")
    expect(card.get_by_test_id("power")).to_have_text(re.compile(r"^-\d+$"))
    expect(alarms(card)).to_contain_text("Tampering: reversed current, bypass.")


@pytest.mark.long
def test_the_records_of_a_meter_without_power_are_a_sentence(page, bench):
    card = meter(page, bench, 1)
    switch(card, "voltage-0")
    card.get_by_test_id("records-button").click()
    expect(page.get_by_test_id("records-body")).to_contain_text("Nothing at address 2")
    page.get_by_test_id("records-close").click()
    switch(card, "voltage-230")
    expect(card.get_by_test_id("relay")).to_have_text(re.compile("relay"))


@pytest.mark.long
def test_two_plugs_at_once_are_both_in(page, bench):
    card = meter(page, bench, 1)
    names = ("fan", "laptop", "lamp")
    for name in names:
        card.get_by_test_id(f"plug-{name}").evaluate("button => button.click()")
    expect(card).to_contain_text("Plugged in 170 W")


# Elements that stick out of the page or of their card, and switches without a name or too small.
LAYOUT = """() => {
  const wide = document.documentElement.scrollWidth;
  const cards = [...document.querySelectorAll(".bench .card")];
  const out = cards.flatMap((card) => {
    const edge = card.getBoundingClientRect().right + 0.5;
    return [...card.querySelectorAll("button, input, output, li, p, legend")]
      .filter((one) => one.getBoundingClientRect().right > edge)
      .map((one) => one.outerHTML.slice(0, 80));
  });
  const buttons = [...document.querySelectorAll(".bench .controls button")];
  const overlaps = buttons.filter((one, i) => {
    const a = one.getBoundingClientRect();
    return buttons.slice(i + 1).some((other) => {
      const b = other.getBoundingClientRect();
      return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom && b.top < a.bottom;
    });
  }).map((one) => one.textContent);
  const nameless = buttons.filter((one) => !one.textContent.trim() || one.offsetHeight < 24)
    .map((one) => one.outerHTML.slice(0, 80));
  return { wide, out, overlaps, nameless };
}"""


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_overlaps_or_sticks_out(page, bench, width):
    page.set_viewport_size({"width": width, "height": 800})
    card = meter(page, bench, 0)
    expect(alarms(card)).to_be_visible()
    found = page.evaluate(LAYOUT)
    assert found == {"wide": width, "out": [], "overlaps": [], "nameless": []}
    read_records(page, card)
    dialog = page.get_by_test_id("records").bounding_box()
    assert dialog["x"] >= 0 and dialog["x"] + dialog["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.long
def test_the_switches_by_keyboard(page, bench):
    card = meter(page, bench, 0)
    button = card.get_by_test_id("terminal-cover")
    button.focus()
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")
    card.get_by_test_id("records-button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("events")).to_be_visible()
    page.keyboard.press("Escape")
    expect(card.get_by_test_id("records-button")).to_be_focused()


@pytest.mark.long
def test_the_card_of_short_codes_can_be_printed(page, bench):
    page.get_by_text("Short codes").click()
    with page.context.expect_page() as opened_page:
        page.get_by_role("link", name="Portuguese").click()
    expect(opened_page.value.get_by_role("heading")).to_have_text("Códigos curtos")
    opened_page.value.close()
    assert bench.call("GET", "bench/card?language=xx")[0] == 404
