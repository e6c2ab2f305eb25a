"""The Token lab in a real browser: flipping bits and showing the effect."""

import pytest
from explain_kit import GAS
from station_kit import drn, new_station, served

from tjugo.station.station import utc_now
from tjugo.station.vending.purchase import parse_kwh
from tjugo.station.vending.vend import sell

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.long
expect = sync_api.expect

TIMEOUT_MS = 20_000


@pytest.fixture(scope="module")
def sold(tmp_path_factory):
    """Return a station's folder and the digits of a sale to its first meter."""
    state = tmp_path_factory.mktemp("lab") / "state"
    with new_station(state, utc_now) as station:
        return state, sell(station, "test", "1", drn(1), parse_kwh("20")).digits


@pytest.fixture(scope="module")
def url(sold):
    with served(sold[0], "--lab") as found:
        yield found


@pytest.fixture
def page(browser, url):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(url + "lab")
    yield page
    page.close()
    assert [e for e in errors if "status of 400" not in str(e)] == []


def bit(page, grid, number):
    return page.get_by_test_id(grid).locator(f"[data-bit='{number}']")


def digits(page):
    return page.get_by_test_id("lab-digits").text_content().replace(" ", "")


def result(page, name):
    expect(page.get_by_test_id("result")).to_have_text(name)


def test_a_flipped_bit_and_its_undoing(page):
    result(page, "Accept")
    assert digits(page) == GAS
    assert page.get_by_test_id("grid66").locator(".bit").count() == 66
    bit(page, "grid66", 40).click()
    result(page, "CRCError")
    assert bit(page, "grid66", 40).get_attribute("aria-pressed") == "true"
    assert int(digits(page)) == int(GAS) ^ 1 << 40
    assert page.get_by_test_id("grid64").locator(".changed").count() > 10
    expect(page.get_by_test_id("effect")).to_contain_text("1 bit of the encrypted block changed")
    page.get_by_test_id("undo").click()
    result(page, "Accept")
    assert digits(page) == GAS


def test_a_clear_bit_and_its_check_field(page):
    result(page, "Accept")
    bit(page, "grid64", 20).click()
    result(page, "CRCError")
    page.get_by_test_id("repair").check()
    result(page, "Accept")
    expect(page.get_by_test_id("steps")).to_contain_text("183662.4 m3")


def test_with_the_keyboard(page):
    result(page, "Accept")
    bit(page, "grid66", 3).focus()
    page.keyboard.press("Space")
    result(page, "CRCError")
    page.keyboard.press("Space")  # the focus stays where it was
    result(page, "Accept")


def test_every_example(page):
    for number, name in ((1, "Accept"), (3, "1stKCT"), (4, "Accept"), (5, "Accept")):
        before = digits(page)
        page.get_by_test_id("example").select_option(str(number))
        expect(page.get_by_test_id("lab-digits")).not_to_have_text(before)
        result(page, name)


def test_rounds(page):
    result(page, "Accept")
    page.get_by_text("show every cipher round").click()
    expect(page.get_by_test_id("steps")).to_contain_text("24db0a9b2826ee98")


def test_the_token_of_a_meter(page, sold):
    result(page, "Accept")
    page.get_by_label("meter", exact=True).check()
    page.get_by_label("Registered meter").fill(drn(1))
    page.get_by_test_id("token-input").fill(sold[1])
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_test_id("steps")).to_contain_text("20.0 kWh")
    result(page, "Accept")
    assert bit(page, "grid64", 20).is_disabled()
    bit(page, "grid66", 20).click()
    result(page, "CRCError")


def test_what_is_wrong_is_said(page):
    result(page, "Accept")
    page.get_by_test_id("token-input").fill("123")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_test_id("lab-error")).to_have_text("A token has 20 digits; this one has 3.")


def test_on_a_phone_nothing_sticks_out(page):
    page.set_viewport_size({"width": 390, "height": 800})
    result(page, "Accept")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
