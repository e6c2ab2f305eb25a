"""The log-in in a browser, from the first operator to the log-out."""

import pyotp
import pytest
from people_kit import PASSWORD
from station_kit import new_station, served

from tjugo.station.station import utc_now


@pytest.fixture
def url(tmp_path):
    new_station(tmp_path / "state", utc_now).close()
    with served(tmp_path / "state") as url:
        yield url


def send(page):
    page.locator("main form button.primary").last.click()


def log_in(page, password):
    page.get_by_label("Log-in name").fill("ada")
    page.get_by_label("Password").fill(password)
    send(page)


def shown(page, name):
    return page.get_by_test_id(name).text_content()


def fits(page):
    """Check that a page has no more than the width of the window, on a desk and in a hand."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.long
def test_from_the_first_operator_to_the_log_out(url, browser):
    page = browser.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{url}customers")
    page.get_by_role("link", name="Add the first operator").click()
    page.get_by_label("Log-in name").fill("ada")
    page.get_by_label("Name", exact=True).fill("Ada Obi")
    send(page)
    first = shown(page, "password")
    page.get_by_role("link", name="All operators").click()
    page.wait_for_url("**/login?next=%2Foperators")
    log_in(page, "wrong")
    page.get_by_role("alert").wait_for()
    fits(page)
    log_in(page, first)
    page.wait_for_url("**/account")
    page.get_by_label("Present password").fill(first)
    page.get_by_label("New password, 10 characters or more").fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    page.get_by_role("status").wait_for()
    fits(page)
    page.locator("#f-factor").fill(PASSWORD)
    page.get_by_role("button", name="Set the second factor").click()
    secret = shown(page, "secret").replace(" ", "")
    fits(page)
    page.get_by_label("The code that it shows").fill(pyotp.TOTP(secret).now())
    send(page)
    code = page.get_by_test_id("codes").locator("li").first.text_content()
    for path in ("operators", "operators/ada", "clients", "approvals", "audit?verify=1"):
        page.goto(f"{url}{path}")
        fits(page)
    assert page.get_by_role("status").text_content().endswith("none changed, removed or added.")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.go_back()
    page.wait_for_url("**/login?next=*")  # the page is not shown again
    log_in(page, PASSWORD)
    page.get_by_label("Code of the authenticator, or a recovery code").fill(code)
    send(page)
    page.get_by_role("heading", name="Audit events").wait_for()
    page.close()
