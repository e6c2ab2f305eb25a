"""What the bench page does with clicks, keys, tabs and sizes, on one bench for all tests."""

import re

import pytest
from bench_page import TIMEOUT_MS, expect, meter, opened, sell
from bench_rig import BenchProcess


@pytest.fixture(scope="module")
def bench(micropython_runtime, tmp_path_factory):
    with BenchProcess(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture
def page(browser, bench):
    with opened(browser, bench) as page:
        yield page


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


def test_what_cannot_be_sold_is_a_sentence(page, bench):
    card = meter(page, bench, 0)
    for amount in ("0", "much", "0.05", "99999999", "1,500", "5_0", "\u0665"):
        card.get_by_test_id("sell-kwh").fill(amount)
        card.get_by_test_id("sell-button").click()
        expect(card.get_by_test_id("why")).not_to_be_empty()
        expect(card.get_by_test_id("token")).to_be_empty()


@pytest.mark.long
def test_kill_asks_first(page, bench):
    card = meter(page, bench, 0)
    page.evaluate("window.confirm = (text) => { window.asked = text; return false; }")
    card.get_by_test_id("kill").click()
    assert bench.facts["meters"][0]["drn"] in page.evaluate("window.asked")
    expect(card.get_by_test_id("process")).not_to_contain_text("restarted")


@pytest.mark.long
def test_the_load_by_keyboard(page, bench):
    card = meter(page, bench, 0)
    slider = card.get_by_test_id("load")
    expect(slider).to_have_attribute("aria-valuetext", "60 W")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "70 W")
    with page.expect_response(lambda answer: answer.request.post_data_json == {"load_w": 50}):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "50 W")
    assert load_of(page, bench, 0) == 50


def load_of(page, bench, number):
    state = page.request.get(bench.facts["url"] + "bench/state").json()
    return state[f"meter:{bench.facts['meters'][number]['drn']}"]["load_w"]


# The news that came last, once more: from before the bench had the load.
OLD_NEWS = """async (drn) => {
  const items = await (await fetch("/bench/state")).json();
  showMeter(items[`meter:${drn}`]);
}"""


@pytest.mark.long
def test_old_news_do_not_move_the_slider(page, bench):
    card, drn = meter(page, bench, 1), bench.facts["meters"][1]["drn"]
    slider, asked = card.get_by_test_id("load"), []

    def hold(route):
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    expect(slider).to_have_attribute("aria-valuetext", "60 W")
    page.route("**/bench/meters/*", hold)
    slider.focus()
    for key, load in (("ArrowRight", 70), ("ArrowLeft", 60), ("ArrowLeft", 50)):
        page.keyboard.press(key)
        page.evaluate(OLD_NEWS, drn)
        expect(slider).to_have_attribute("aria-valuetext", f"{load} W")
    with page.expect_response(lambda answer: answer.request.post_data_json == {"load_w": 50}):
        asked[0].continue_()
    assert [route.request.post_data_json["load_w"] for route in asked] == [70, 50]
    assert load_of(page, bench, 1) == 50
    page.request.post(f"{bench.facts['url']}bench/meters/{drn}", data={"load_w": 200})
    expect(slider).to_have_attribute("aria-valuetext", "200 W")  # set in another tab
    page.route("**/bench/meters/*", lambda route: route.abort())
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("link")).to_contain_text("does not answer")
    expect(slider).to_have_attribute("aria-valuetext", "200 W")


@pytest.mark.long
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


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 480, 768, 1280])
def test_a_large_credit_stays_on_its_card(page, bench, width):
    page.set_viewport_size({"width": width, "height": 800})
    expect(meter(page, bench, 0)).to_be_visible()
    found = page.evaluate(LARGE_CREDIT)
    assert "1820162.40 kWh" in found["text"]
    assert found["page"] == width
    assert found["right"] <= found["card"]


@pytest.mark.long
def test_without_script_the_bench_explains_itself(browser, bench):
    page = browser.new_page(java_script_enabled=False)
    page.goto(bench.facts["url"] + "bench")
    expect(page.get_by_role("main")).to_contain_text("needs script")
    expect(page.get_by_role("main")).not_to_contain_text("connecting")
    page.close()
