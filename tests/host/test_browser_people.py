"""The log-in in a browser, from the first operator to the log-out."""

import pyotp
import pytest
from browser_page import fits, follow, go_by, press
from people_kit import PASSWORD
from station_kit import new_station, served

from tjugo.station.station import utc_now


@pytest.fixture
def url(tmp_path):
    new_station(tmp_path / "state", utc_now).close()
    with served(tmp_path / "state") as url:
        yield url


def send(page):
    go_by(page, page.locator("main form button.primary").last)


def log_in(page, password):
    page.get_by_label("Log-in name").fill("ada")
    page.get_by_label("Password").fill(password)
    send(page)


def shown(page, name):
    return page.get_by_test_id(name).text_content()


@pytest.mark.long
def test_from_the_first_operator_to_the_log_out(url, browser):
    page = browser.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{url}customers")
    follow(page, "Add the first operator")
    page.get_by_label("Log-in name").fill("ada")
    page.get_by_label("Name", exact=True).fill("Ada Obi")
    send(page)
    first = shown(page, "password")
    follow(page, "All operators")
    page.wait_for_url("**/login?next=%2Foperators")
    log_in(page, "wrong")
    page.get_by_role("alert").wait_for()
    fits(page)
    log_in(page, first)
    page.wait_for_url("**/account")
    page.get_by_label("Present password").fill(first)
    page.get_by_label("New password, 10 characters or more").fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    press(page, "Change the password")
    page.get_by_role("status").wait_for()
    fits(page)
    page.locator("#f-factor").fill(PASSWORD)
    press(page, "Set the second factor")
    secret = shown(page, "secret").replace(" ", "")
    fits(page)
    page.get_by_label("The code that it shows").fill(pyotp.TOTP(secret).now())
    send(page)
    code = page.get_by_test_id("codes").locator("li").first.text_content()
    for path in ("operators", "operators/ada", "clients", "approvals", "audit?verify=1"):
        page.goto(f"{url}{path}")
        fits(page)
    assert page.get_by_role("status").text_content().endswith("none changed, removed or added.")
    press(page, "Log out")
    page.wait_for_url("**/login")
    page.go_back()
    page.wait_for_url("**/login?next=*")  # the page is not shown again
    log_in(page, PASSWORD)
    page.get_by_label("Code of the authenticator, or a recovery code").fill(code)
    send(page)
    page.get_by_role("heading", name="Audit events").wait_for()
    page.close()
