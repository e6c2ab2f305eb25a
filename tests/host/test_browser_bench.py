"""The bench page in a real browser: the whole way from the sale to the lamp."""

import re

import pytest
from bench_page import expect, meter, opened, press, sell, set_load
from bench_rig import BenchProcess


@pytest.fixture
def bench(micropython_runtime, tmp_path):
    with BenchProcess(tmp_path) as bench:
        yield bench


@pytest.fixture
def page(browser, bench):
    with opened(browser, bench) as page:
        yield page


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


@pytest.mark.long
def test_noise_is_switched_on_and_shown(page, bench):
    page.get_by_test_id("noise").click()
    expect(page.get_by_test_id("noise")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("trace").locator(".damaged").first).to_be_visible()
    page.get_by_test_id("noise").click()
    expect(page.get_by_test_id("noise")).to_have_attribute("aria-pressed", "false")


@pytest.mark.long
def test_the_page_says_when_the_bench_is_gone(page, bench):
    expect(page.get_by_test_id("link")).to_have_text("live")
    bench.process.terminate()
    expect(page.get_by_test_id("link")).to_have_text("the bench does not answer")
