"""A cashier's day in a real browser, on both databases: from the log-in to the cash-up."""

import io
import re

import day_kit
import pytest
from browser_page import fits, follow, press
from day_kit import DEBT, DEBT_SHARE, PRINTER, RULES
from escpos_kit import Paper, read, squeezed
from people_kit import PASSWORD
from pypdf import PdfReader
from sqlalchemy import func, select
from station_kit import see, served

from tjugo import money
from tjugo.station.audit import chain
from tjugo.station.ledger import balances, verify
from tjugo.station.receipts.profiles import PROFILES
from tjugo.station.registry.meters import config_of
from tjugo.station.storage.tables import Sale
from tjugo.station.tariffs.carried import encodable
from tjugo.station.tariffs.price import after, price_money
from tjugo.station.tariffs.situations import situations
from tjugo.station.vending import change_rows

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

TIMEOUT_MS = 30_000
FLOAT, FIRST, SECOND = 10_000, 2000, 1000
"""In minor units: the cash in the till at the beginning, and the two amounts tendered."""
TOKEN = re.compile(r"\d{20}")
TOUCHING = (
    "/sales",
    "/till",
    "/shifts/1/close",
    "/customers",
    "/meters",
    "/tariffs",
    "/key-changes",
    "/operators",
)


@pytest.fixture
def day(database, tmp_path):
    found = day_kit.begin(tmp_path / "state", database())
    yield found
    found.station.close()


@pytest.fixture
def url(day):
    with served(day.station.state_dir) as found:
        yield found


@pytest.fixture
def person(browser):
    """Return a function that gives a person a browser of their own."""
    contexts, errors = [], []

    def begin():
        context = browser.new_context(accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        expect.set_options(timeout=TIMEOUT_MS)
        page.on("pageerror", lambda error: errors.append(error))
        return page

    yield begin
    for context in contexts:
        context.close()
    assert errors == []


def log_in(page, url, operator, code=None, password=PASSWORD):
    page.goto(f"{url}login")
    page.get_by_label("Log-in name").fill(operator)
    page.get_by_label("Password").fill(password)
    press(page, "Log in")
    if code is not None:
        page.get_by_label("Code of the authenticator").fill(code.now())
        press(page, "Continue")
        page.wait_for_url(lambda found: "/login" not in found)


def open_till(page, url):
    page.goto(f"{url}till")
    page.get_by_label("Cash in the till").fill(money.digits(FLOAT, "EUR"))
    press(page, "Open the shift")
    expect(page.get_by_role("heading", name="Shift 1", exact=True)).to_be_visible()
    fits(page)


def choose(page, url, name, words):
    """Find a customer by a part of the name, and see who it is before money is taken."""
    page.goto(f"{url}sales")
    page.get_by_label("Meter, account, name or phone").fill(words)
    press(page, "Find")
    shown = page.get_by_test_id("confirm")
    expect(shown).to_contain_text(name)
    expect(shown).to_contain_text(day_kit.NAMES[name])
    return shown


def quote_of(day, drn, amount, before=None):
    """Return the situation of a meter, and the price by the pure function."""
    station = day.station
    situation = before or see(station, situations, [drn], station.clock())[drn]
    return situation, price_money(RULES, situation, amount, encodable)


def amounts(table):
    """Return the lines of a price on a page: name and amount, without the total."""
    expect(table).to_be_visible()
    rows = table.locator("tr:not(.total)")
    return [
        (row.locator("td").first.inner_text(), row.locator("td").last.inner_text())
        for row in rows.all()
    ]


def check_lines(table, quote):
    found = amounts(table)
    assert len(found) == len(quote.lines)
    for (name, amount), line in zip(found, quote.lines, strict=True):
        assert name.startswith(line.name)
        assert amount == money.text(line.amount, "EUR")


def sell(page, amount, quote):
    """See the price, then sell by two clicks; return the digits of the tokens."""
    page.get_by_label("Amount in EUR").fill(money.digits(amount, "EUR"))
    press(page, "Show the price")
    check_lines(page.get_by_test_id("price"), quote)
    fits(page)
    page.get_by_role("button", name="Sell", exact=True).dblclick()
    credit = page.get_by_test_id("token")
    expect(credit).to_have_text(TOKEN)
    check_lines(page.get_by_test_id("lines"), quote)
    fits(page)
    before = page.get_by_test_id("token-before").all()
    return [squeezed(one.inner_text()) for one in (*before, credit)]


def count_sales(day):
    return see(day.station, lambda view: view.session.scalar(select(func.count(Sale.client_id))))


def papers(day) -> list[Paper]:
    """Return what the printer has printed, by receipt."""
    pages = {number: codec for codec, number in PROFILES["epson-80"].pages}
    cut = b"\x1dVB\x00"
    return [read(one + cut, pages) for one in day.paper.read_bytes().split(cut) if one]


def check_printed(text, quote, tokens):
    """Check that a receipt has the tokens in their order, and each line with its amount."""
    text = squeezed(text)
    places = [text.index(token) for token in tokens]
    assert places == sorted(places)
    for line in quote.lines:
        label = f"{line.tenths / 10}kWh@{line.rate}" if line.kind == "energy" else line.name
        assert squeezed(label) in text
        rest = text.split(squeezed(label), 1)[1].removeprefix("18%")
        assert rest.startswith(money.digits(line.amount, "EUR")), label


def pdf_text(page, size):
    with page.expect_download() as found:
        page.get_by_role("group", name="PDF").get_by_role("button", name=size).click()
    data = found.value.path().read_bytes()
    return "\n".join(part.extract_text() for part in PdfReader(io.BytesIO(data)).pages)


def first_sale(page, url, day):
    """Sell to the customer with the debt; return the tokens and the situation after the sale."""
    shown = choose(page, url, "Moussa Ndiaye", "ndia")
    expect(shown).to_contain_text(money.text(DEBT, "EUR"))
    situation, quote = quote_of(day, day.owing, FIRST)
    lines = {line.code: line for line in quote.lines}
    assert set(lines) == {"1", "block_1", "block_2", "vat"}
    assert lines["1"].amount == FIRST * DEBT_SHARE // 10_000
    tokens = sell(page, FIRST, quote)
    assert len(tokens) == 1
    page.go_back()
    expect(page.get_by_test_id("done")).to_contain_text("sold already, once")
    expect(page.get_by_role("button", name="Sell", exact=True)).to_have_count(0)
    expect(page.get_by_test_id("token")).to_have_text(tokens[0])
    assert count_sales(day) == 1
    return tokens, quote, after(situation, quote)


def receipts(page, day, quote, tokens):
    """Print the receipt on paper and as PDF, and the reprints of both."""
    follow(page, "Receipt main 1")
    fits(page)
    assert squeezed(page.get_by_test_id("receipt").get_by_test_id("token").inner_text()) in tokens
    press(page, f"Print on {PRINTER}")
    expect(page.get_by_test_id("sent")).to_contain_text(PRINTER)
    expect(page.get_by_test_id("printed")).to_contain_text("REPRINT 1")
    press(page, f"Print on {PRINTER}")
    expect(page.get_by_test_id("printed")).to_contain_text("REPRINT 2")
    original, reprint = papers(day)
    for paper, marked in ((original, False), (reprint, True)):
        check_printed(paper.text, quote, tokens)
        assert day_kit.UTILITY.name in paper.text
        assert paper.cut
        assert ("REPRINT 1" in paper.text) is marked
    for number, size in enumerate(("A4", "A6"), 2):
        text = pdf_text(page, size)
        check_printed(text, quote, tokens)
        assert squeezed(f"REPRINT {number}") in squeezed(text)


def change_key(person, url, day):
    """Let the engineer plan a change of key, and the supervisor approve it."""
    engineer = person()
    log_in(engineer, url, "eli")
    engineer.goto(f"{url}key-changes")
    engineer.get_by_label("Meter numbers").fill(day.owing)
    engineer.locator("#n-krn").fill("2")
    press(engineer, "Ask for approval")
    expect(engineer.get_by_role("status")).to_contain_text("a second person must")
    fits(engineer)
    assert see(day.station, change_rows.open_change, day.owing) is None
    supervisor = person()
    log_in(supervisor, url, "samba")
    supervisor.goto(f"{url}approvals")
    heading = f"Plan a key change: meter {day.owing}: KRN 2; 1 meter"
    expect(supervisor.get_by_role("heading", name=heading)).to_be_visible()
    expect(supervisor.locator(".approval dd")).to_have_text(["KRN 2", day.owing])
    fits(supervisor)
    press(supervisor, "Approve")
    expect(supervisor.get_by_text("Nothing is waiting.")).to_be_visible()
    fits(supervisor)
    assert see(day.station, change_rows.open_change, day.owing).state == "planned"


def second_sale(page, url, day, situation):
    """Sell to the same customer: the tokens of the key change come first, on each medium."""
    choose(page, url, "Moussa Ndiaye", "moussa")
    _, quote = quote_of(day, day.owing, SECOND, situation)
    tokens = sell(page, SECOND, quote)
    assert len(tokens) > 2
    printed = [one.digits for one in see(day.station, change_rows.printed, day.owing)]
    assert tokens[:-1] == printed
    follow(page, "Receipt main 2")
    shown = [squeezed(one.inner_text()) for one in page.get_by_test_id("token").all()]
    assert shown == tokens
    fits(page)
    press(page, f"Print on {PRINTER}")
    expect(page.get_by_test_id("sent")).to_be_visible()
    check_printed(papers(day)[-1].text, quote, tokens)
    assert see(day.station, config_of, day.owing).krn == 1  # until it is confirmed
    assert count_sales(day) == 2


def cash_up(page, url, day):
    """Count the till and close the shift; the ledger and the audit events agree."""
    held = see(day.station, balances.balance, "cash", "1")
    assert held == FLOAT + FIRST + SECOND
    page.goto(f"{url}till")
    assert money.text(held, "EUR") not in page.locator("main").inner_text()
    page.get_by_label("Cash counted").fill(money.digits(held, "EUR"))
    fits(page)
    press(page, "Compare")
    row = page.get_by_test_id("counts").locator("tbody tr")
    cells = ["Cash", *[money.text(held, "EUR")] * 2, money.text(0, "EUR")]
    expect(row.locator("td")).to_have_text(cells)
    fits(page)
    press(page, "Close the shift")
    expect(page.get_by_test_id("difference")).to_have_text(money.text(0, "EUR"))
    expect(page.get_by_test_id("by-means")).to_contain_text(money.text(FIRST + SECOND, "EUR"))
    fits(page)
    # The float is back in the office; what was received waits for the bank.
    assert see(day.station, balances.balance, "cash", "1") == FIRST + SECOND
    assert see(day.station, balances.balance, "cash_difference", "1") == 0
    check_records(day)


def check_records(day):
    assert see(day.station, verify.verify) == []
    count, broken = see(day.station, chain.verify)
    assert count > 0
    assert broken == []
    details = see(day.station, lambda view: {event.detail for event in chain.events(view)})
    assert {
        "opened: op:awa at main, 100.00 EUR",
        "main 1: 20.00 EUR",
        "main 2: 10.00 EUR",
        "closed: difference 0.00 EUR; cash 130.00 EUR",
    } <= details


def look(page, url, day):
    """Look at all as an auditor: nothing can be touched, by a button or without one."""
    log_in(page, url, "odile")
    token = page.locator("form[action='/logout'] input[name=csrf]").get_attribute("value")
    links = page.locator("nav a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert {"/sales", "/shifts", "/audit"} <= set(links)
    assert "/till" not in links
    more = ["/sales?find=ndia", f"/customers/{day.account}", f"/meters/{day.owing}", "/shifts/1"]
    for path in [*links, *more]:
        answer = page.goto(url + path.lstrip("/"))
        assert answer.status == 200, path
        fits(page)
        if path not in ("/refused", "/lab"):  # these only compute, from what is typed
            forms = page.locator("form[method=post]:not([action='/logout'])")
            assert forms.evaluate_all("all => all.map(f => f.action)") == [], path
    page.goto(f"{url}sales")
    expect(page.locator("#recent tr")).to_have_count(2)
    page.goto(f"{url}audit?verify=1")
    expect(page.get_by_role("status")).to_contain_text("none changed, removed or added")
    for path in TOUCHING:
        answer = page.request.post(
            url + path.lstrip("/"), form={"csrf": token, "drn": day.owing, "money": "5"}
        )
        assert answer.status == 403, path
    assert count_sales(day) == 2


def test_a_cashiers_day(person, day, url):
    cashier = person()
    log_in(cashier, url, "awa", day.code)
    open_till(cashier, url)
    tokens, quote, situation = first_sale(cashier, url, day)
    receipts(cashier, day, quote, tokens)
    change_key(person, url, day)
    second_sale(cashier, url, day, situation)
    cash_up(cashier, url, day)
    look(person(), url, day)
    check_records(day)


@pytest.mark.long
def test_who_is_not_let_in_and_who_must_open_the_till(person, day, url):
    page = person()
    log_in(page, url, "awa", password="wrong")
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    refused = alert.inner_text()
    log_in(page, url, "nobody", password="wrong")
    assert alert.inner_text() == refused  # whether there is such an operator stays unknown
    log_in(page, url, "awa")
    page.get_by_label("Code of the authenticator").fill("000000")
    press(page, "Continue")
    expect(alert).to_be_focused()
    page.goto(f"{url}sales")
    expect(page).to_have_url(re.compile("/login"))
    log_in(page, url, "awa", day.code)
    choose(page, url, "Awa Diop", "awa")
    page.get_by_label("Amount in EUR").fill("5")
    expect(page.get_by_test_id("till-closed")).to_be_visible()
    press(page, "Sell")
    expect(page.get_by_role("alert")).to_have_text("Open your till first: page Till.")
    expect(page.get_by_label("Amount in EUR")).to_have_value("5")
    assert count_sales(day) == 0
    page.goto(f"{url}sales")
    follow(page, "Open your till")
    expect(page.get_by_role("heading", name="Open a shift")).to_be_visible()
