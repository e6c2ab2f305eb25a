"""Receipts of earlier sales are reached by links, from the list of sales and from the pages of the
meter and the customer, and each has what the role may do with it."""

import re

import pytest
from people_kit import add, client, log_in, post
from station_kit import do, drn

from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.tills import shifts, vendors

REPRINT, NOTE = 'class="form print"', 'data-testid="credit-note"'


@pytest.fixture
def sold(station):
    """Return the account of the meter's customer; sale w1 was shown, w2 was not."""
    do(station, vendors.ensure_default)
    account = do(station, add_customer, "Ada")
    do(station, link_meter, drn(3), account)
    for role in ("administrator", "supervisor", "cashier", "engineer", "finance", "auditor"):
        add(station, role, role)
    for seller in ("cashier", "supervisor"):
        do(station, shifts.open_shift, f"op:{seller}", "main", 0)
    with client(station) as web:
        log_in(web, "cashier")
        for sale in ("w1", "w2"):
            post(web, "/sales", client_id=sale, drn=drn(3), money="10")
        assert web.get("/sales?id=w1").status_code == 200
        post(web, f"/customers/{account}/payments", "/sales", client_id="p", amount="5")
    return account


@pytest.mark.parametrize(
    ("role", "reprints", "credits"),
    [
        ("cashier", True, False),
        ("supervisor", True, True),
        ("administrator", True, True),
        ("engineer", False, False),
        ("finance", False, False),
        ("auditor", False, False),
    ],
)
def test_each_sale_links_to_its_receipt(station, sold, role, reprints, credits):
    with client(station) as web:
        log_in(web, role)
        for path in ("/sales", f"/meters/{drn(3)}", f"/customers/{sold}"):
            page = web.get(path).text
            assert '<a href="/receipts/web/w1">main 1</a>' in page
            # A sale that nobody saw can still be voided: the link says that it shows the token.
            assert "/receipts/web/w2" not in page
            assert "/sales?id=w2&amp;client=web" in page
        receipt = web.get("/receipts/web/w1").text
        assert (REPRINT in receipt, NOTE in receipt) == (reprints, credits)


def test_a_credit_note_from_the_page_of_the_receipt(station, sold):
    with client(station) as web:
        log_in(web, "supervisor")
        page = web.get("/receipts/web/w1").text
        action = re.search(r'action="(/sales/web/w1/credit-note)"', page)
        made = re.search(r'name="client_id" value="([^"]+)"', page)
        form = {"client_id": made.group(1), "to": "credit", "reason": "wrong meter"}
        address = post(web, action.group(1), "/sales", **form).headers["location"]
        assert NOTE not in web.get("/receipts/web/w1").text
        for path in (f"/meters/{drn(3)}", f"/customers/{sold}"):
            page = web.get(path).text
            assert f'<a href="{address}">' in page and "credit note" in page


def test_a_void_sale_is_marked(station, sold):
    with client(station) as web:
        log_in(web, "supervisor")
        post(web, "/sales/web/w2/void", "/sales", reason="wrong meter")
        page = web.get(f"/meters/{drn(3)}").text
        assert re.search(
            r'href="/receipts/web/w2">main 2</a> <span class="status refused">void', page
        )
        assert "/receipts/web/w2" in web.get("/sales").text


def test_the_price_of_no_amount_is_a_sentence(station, sold):
    with client(station) as web:
        log_in(web, "cashier")
        asked = post(web, "/sales", client_id="n", drn=drn(3), money="", kwh="", show="price")
        page = web.get(asked.headers["location"]).text
        assert 'role="alert">The amount is missing' in page
        found = web.get(f"/sales?drn={drn(3)}").text
        assert 'role="alert"' not in found
