"""The station's pages in a real browser: on a phone, by keyboard, with many rows, sent twice."""

import re

import pytest
from browser_page import fits, follow, press
from station_kit import drn, new_station, served

from tjugo.station.registry import views
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.station import Station, utc_now

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

TIMEOUT_MS = 20_000
PATHS = ("engineering", "key-changes", "refused", "sales", "meters", "customers", "lab", "none")
# The contrast (WCAG) of the ring of what has the focus against what is around it.
CONTRAST = """(element) => {
  const rgb = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = (text) => rgb(text).slice(0, 3).map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const clear = (style) => rgb(style.backgroundColor)[3] === 0;
  let around = element.parentElement;
  while (clear(getComputedStyle(around))) around = around.parentElement;
  const style = getComputedStyle(element);
  const [a, b] = [style.outlineColor, getComputedStyle(around).backgroundColor].map(light);
  return style.outlineStyle === "none" ? 0 : (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages") / "state"
    with new_station(folder, utc_now) as station, station.work("test") as work:
        for number in range(4, 301):
            add_meter(work, NewMeter(drn(number)))
    return folder


@pytest.fixture(scope="module")
def url(state):
    with served(state) as found:
        yield found


@pytest.fixture
def page(browser, url):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    page.close()
    assert errors == []


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS)
def test_on_a_phone_nothing_sticks_out(page, url, path):
    page.goto(url + path)
    fits(page, (390, 768, 1280))


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS)
def test_the_focus_is_seen(page, url, path):
    page.goto(url + path)
    seen = 0
    for _ in range(7):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if page.evaluate("document.activeElement === document.body"):
            continue  # The end of the page, which may begin with the focus in a field.
        seen += 1
        assert focused.evaluate(CONTRAST) >= 3, focused.evaluate("e => e.outerHTML")
    assert seen >= 6


def test_the_form_of_meters_is_above_hundreds_of_rows_and_so_is_its_error(page, url):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(url + "meters")
    form = page.get_by_label("Meter number (DRN)")
    expect(form).to_be_in_viewport()
    form.fill("01000000010")
    press(page, "Register")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("wrong check digit")
    expect(alert).to_be_in_viewport()
    expect(alert).to_be_focused()
    expect(form).to_have_value("01000000010")


def test_meters_are_found_and_come_in_parts(page, url):
    page.goto(url + "meters")
    rows = page.locator("tr[data-drn]")
    expect(rows).to_have_count(50)
    follow(page, "Next part")
    expect(page.locator(f"tr[data-drn='{drn(51)}']")).to_be_visible()
    page.get_by_role("searchbox").fill(drn(300)[3:])
    press(page, "Search")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(drn(300))


def test_a_sale_by_two_clicks_is_one(page, url, state):
    page.goto(url + "sales")
    page.get_by_label("Meter, account, name or phone").fill(drn(3))
    press(page, "Find")
    page.get_by_label("or kWh").fill("7,5")
    press(page, "Show the price")
    expect(page.get_by_test_id("price")).to_contain_text("€1.50")
    page.get_by_role("button", name="Sell").dblclick()
    expect(page.get_by_test_id("token")).to_have_text(re.compile(r"^\d{20}$"))
    expect(page.locator(".units")).to_contain_text("7.5 kWh")
    expect(page.locator("#recent tr")).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("button", name="Sell")).to_be_enabled()


def test_a_customer_by_two_clicks_is_one(page, url, state):
    page.goto(url + "customers")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_role("button", name="Register").dblclick()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(url + "customers")
    expect(page.locator("tbody tr")).to_have_count(1)
    with Station.open(state) as station, station.view() as view:
        assert len(views.customers(view).items) == 1


def test_a_refused_token_leaves_no_accept(page, url):
    page.goto(url + "lab")
    result = page.get_by_test_id("result")
    expect(result).to_have_text("Accept")
    page.get_by_test_id("token-input").fill("123")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_test_id("lab-error")).to_be_focused()
    expect(result).to_be_hidden()
    page.get_by_test_id("example").select_option("0")
    expect(result).to_be_visible()


def test_without_the_switch_no_meter_is_offered_in_the_lab(page, url):
    page.goto(url + "lab")
    expect(page.get_by_label("meter", exact=True)).to_have_count(0)
    expect(page.get_by_text("tjugo station --lab")).to_be_visible()
