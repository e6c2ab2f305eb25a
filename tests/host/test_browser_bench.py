"""The bench page in a real browser: the whole way from the sale to the lamp."""

import os
import re

import pytest
from bench_rig import DEADLINE_S, BenchProcess

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

TIMEOUT_MS = DEADLINE_S * 1000


@pytest.fixture
def bench(micropython_runtime, tmp_path):
    with BenchProcess(tmp_path) as bench:
        yield bench


@pytest.fixture
def page(browser, bench):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(bench.facts["url"] + "bench")
    yield page
    page.close()
    assert errors == []


def meter(page, bench, number):
    return page.get_by_test_id(f"meter-{bench.facts['meters'][number]['drn']}")


def press(card, keys):
    for key in keys:
        card.get_by_test_id("keys").get_by_role("button", name=key, exact=True).click()


def sell(card, kwh):
    """Sell on the page and wait for the meter's answer; return the token's digits."""
    card.get_by_test_id("sell-kwh").fill(kwh)
    card.get_by_test_id("sell-button").click()
    expect(card.get_by_test_id("token")).to_have_text(re.compile(r"^(\d{4} ){4}\d{4}$"))
    expect(card).to_have_attribute("data-status", "accepted")
    return card.get_by_test_id("token").text_content().replace(" ", "")


def set_load(card, value):
    """Move the slider to a position, or to its end."""
    card.get_by_test_id("load").evaluate(
        """(slider, value) => {
            slider.value = value;
            slider.dispatchEvent(new Event("input", {bubbles: true}));
            slider.dispatchEvent(new Event("change", {bubbles: true}));
        }""",
        value,
    )


def test_sell_a_token_light_the_lamp(page, bench):
    first, second = meter(page, bench, 0), meter(page, bench, 1)
    expect(first.get_by_test_id("lamp")).to_have_attribute("data-lit", "false")

    digits = sell(first, "20")
    expect(first.get_by_test_id("lamp")).to_have_attribute("data-lit", "true")
    expect(first.get_by_test_id("credit")).to_have_text(re.compile(r"^(20\.00|19\.9\d)$"))
    expect(first.get_by_test_id("relay")).to_have_text("relay closed")
    expect(page.get_by_test_id("trace")).to_contain_text(f"token={digits}")

    press(first, digits + "#")
    expect(first.get_by_test_id("display")).to_contain_text(re.compile("used", re.I))
    press(second, digits + "#")
    expect(second.get_by_test_id("display")).to_contain_text(re.compile("crc", re.I))
    expect(second.get_by_test_id("lamp")).to_have_attribute("data-lit", "false")
    expect(first.get_by_test_id("lamp")).to_have_attribute("data-lit", "true")
    if "TJUGO_SCREENSHOT" in os.environ:  # the README's picture
        page.screenshot(path=os.environ["TJUGO_SCREENSHOT"])

    page.get_by_test_id("speed-600").click()
    set_load(first, 20000)
    expect(first.get_by_test_id("lamp")).to_have_attribute("data-lit", "false")
    expect(first.get_by_test_id("credit")).to_have_text("0.00")
    expect(first.get_by_test_id("relay")).to_have_text("relay open")


def test_a_killed_meter_comes_back_and_the_page_says_so(page, bench):
    card = meter(page, bench, 0)
    sell(card, "5")
    card.get_by_test_id("kill").click()
    expect(card.get_by_test_id("process")).to_contain_text("restarted 1x (signal 9)")
    expect(card.get_by_test_id("lamp")).to_have_attribute("data-lit", "true")
    expect(card.get_by_test_id("credit")).to_have_text(re.compile(r"^(5\.00|4\.9\d)$"))


def test_what_cannot_be_sold_is_a_sentence(page, bench):
    card = meter(page, bench, 0)
    for amount in ("0", "much", "0.05", "99999999", "1,500", "5_0", "\u0665"):
        card.get_by_test_id("sell-kwh").fill(amount)
        card.get_by_test_id("sell-button").click()
        expect(card.get_by_test_id("why")).not_to_be_empty()
        expect(card.get_by_test_id("token")).to_be_empty()


def test_noise_is_switched_on_and_shown(page, bench):
    page.get_by_test_id("noise").click()
    expect(page.get_by_test_id("noise")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("trace").locator(".damaged").first).to_be_visible()
    page.get_by_test_id("noise").click()
    expect(page.get_by_test_id("noise")).to_have_attribute("aria-pressed", "false")


def test_the_page_says_when_the_bench_is_gone(page, bench):
    expect(page.get_by_test_id("link")).to_have_text("live")
    bench.process.terminate()
    expect(page.get_by_test_id("link")).to_have_text("the bench does not answer")


def test_two_clicks_or_two_enters_sell_once(page, bench):
    card = meter(page, bench, 0)
    card.get_by_test_id("sell-kwh").fill("7,5")
    card.get_by_test_id("sell-button").dblclick()
    expect(card).to_have_attribute("data-status", "accepted")
    expect(card.get_by_test_id("credit")).to_have_text(re.compile(r"^7\.[45]\d$"))
    field = card.get_by_test_id("sell-kwh")
    field.fill("2")
    field.evaluate(
        """field => {
            for (let i = 0; i < 2; i++) field.form.requestSubmit();
        }"""
    )
    expect(card.get_by_test_id("credit")).to_have_text(re.compile(r"^9\.[45]\d$"))
    sales = page.request.get(bench.facts["url"] + "api/v1/vends").json()
    sold = sales["items"] if isinstance(sales, dict) else sales
    assert sorted(sale["kwh"] for sale in sold) == ["2", "7.5"]


def test_kill_asks_first(page, bench):
    card = meter(page, bench, 0)
    page.evaluate("window.confirm = (text) => { window.asked = text; return false; }")
    card.get_by_test_id("kill").click()
    assert bench.facts["meters"][0]["drn"] in page.evaluate("window.asked")
    expect(card.get_by_test_id("process")).not_to_contain_text("restarted")


def test_the_load_by_keyboard(page, bench):
    card = meter(page, bench, 0)
    slider = card.get_by_test_id("load")
    expect(slider).to_have_attribute("aria-valuetext", "60 W")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "70 W")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "50 W")
    state = page.request.get(bench.facts["url"] + "bench/state").json()
    assert state[f"meter:{bench.facts['meters'][0]['drn']}"]["load_w"] == 50


def test_eight_tabs_at_once(browser, bench):
    """They share the six connections that a browser keeps to one address."""
    context = browser.new_context()
    tabs = [context.new_page() for _ in range(8)]
    for tab in tabs:
        tab.set_default_timeout(TIMEOUT_MS)
        tab.goto(bench.facts["url"] + "bench")
    for tab in tabs:
        expect(tab.get_by_test_id("link")).to_have_text("live")
        expect(meter(tab, bench, 0)).to_be_visible()
    sell(meter(tabs[-1], bench, 0), "3")
    expect(meter(tabs[0], bench, 0).get_by_test_id("lamp")).to_have_attribute("data-lit", "true")
    context.close()


# The most that a token carries, shown on the first card; how wide page and card are then.
LARGE_CREDIT = """async () => {
  const items = await (await fetch("/bench/state")).json();
  const state = Object.entries(items).find(([name]) => name.startsWith("meter:"))[1];
  showMeter({ ...state, credit_wh: 1820162400 });
  const card = document.getElementById(`meter-${state.drn}`);
  const credit = card.querySelector(".credit b").parentElement;
  const range = document.createRange();
  range.selectNodeContents(credit);
  return {
    text: credit.textContent,
    page: document.documentElement.scrollWidth,
    right: range.getBoundingClientRect().right,
    card: card.getBoundingClientRect().right,
  };
}"""


@pytest.mark.parametrize("width", [390, 480, 768, 1280])
def test_a_large_credit_stays_on_its_card(page, bench, width):
    page.set_viewport_size({"width": width, "height": 800})
    expect(meter(page, bench, 0)).to_be_visible()
    found = page.evaluate(LARGE_CREDIT)
    assert "1820162.40 kWh" in found["text"]
    assert found["page"] == width
    assert found["right"] <= found["card"]


def test_without_script_the_bench_explains_itself(browser, bench):
    page = browser.new_page(java_script_enabled=False)
    page.goto(bench.facts["url"] + "bench")
    expect(page.get_by_role("main")).to_contain_text("needs script")
    expect(page.get_by_role("main")).not_to_contain_text("connecting")
    page.close()
