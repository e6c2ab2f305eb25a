"""Parts of the browser tests of the bench page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bench_rig import DEADLINE_S

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

TIMEOUT_MS = DEADLINE_S * 1000


@contextmanager
def opened(browser, bench) -> Iterator:
    """Open the bench page; no script may fail on it."""
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
    """Return the card of a meter."""
    return page.get_by_test_id(f"meter-{bench.facts['meters'][number]['drn']}")


def press(card, keys):
    """Press keys of the key pad."""
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
