"""Every form of every page: with a field left out or with anything in it, and without the token of
the session in any address."""

import base64
import re
from decimal import Decimal
from html.parser import HTMLParser
from urllib.parse import urlencode

import forms_kit
import pyotp
import pytest
from people_kit import CSRF, HTML, PASSWORD, add, add_each_role, client, log_in
from sqlalchemy import select
from station_kit import Clock, do, drn, new_station, see

from tjugo.key_register import FIELDS as KEY_FIELDS
from tjugo.station.ledger.accounts import MEANS
from tjugo.station.operators import clients, people
from tjugo.station.operators.permissions import SCOPES
from tjugo.station.operators.totp import Vault
from tjugo.station.registry import customers, sites
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.setup import plan
from tjugo.station.storage.tables import Customer
from tjugo.station.tills import shifts
from tjugo.station.vending import change_steps
from tjugo.station.vending.vend import sell
from tjugo.station.webhooks import service as webhooks
from tjugo.web import access

FORMS = forms_kit.forms()
ROWS = {
    re.sub(r"\{[^}]*\}", "{}", path): path
    for method, path in access.ACCESS
    if method == "POST" and not path.startswith(("/api/", "/bench/"))
}
_REFUSED = ("drn", "token", "shown", "krn")
# Fields whose names a template makes in a loop.
MADE = {
    "/clients": [f"scope_{scope}" for scope in SCOPES],
    "/customers/{}": customers.FIELDS,
    "/import": ["column_0", "column_9999999999999999999999"],
    "/key-changes": [f"{when}_{name}" for when in ("old", "new") for name in KEY_FIELDS],
    "/refused/confirm": _REFUSED,
    "/refused/replace": _REFUSED,
    "/setup": [*plan.UTILITY, "price"],
    "/webhooks": ["event_sale.made"],
    **{f"{path}/count": MEANS for path in ("/till", "/shifts/{}")},
    **{
        f"{path}/close": [*MEANS, *(f"seen_{means}" for means in MEANS)]
        for path in ("/till", "/shifts/{}")
    },
}
GOOD = {
    "drn": drn(1),
    "drns": drn(1),
    "token": "1" * 20,
    "password": PASSWORD,
    "means": "cash",
    "means_1": "cash",
    "outlet": "main",
    "role": "cashier",
    "url": "https://example.org/hook",
    "kind": "",
    "status": "installed",
    "language": "en",
    "time_zone": "UTC",
    "begin": "2026-12-01",
    "action": "",
    "decision": "approve",
    "shown": "",
    "krn": "",
    "client_id": "form-1",
}
ODD = {
    "empty": "",
    "long": "x" * 5000,
    "digits": "9" * 5000,
    "nul": "a\0b",
    "other letters": "é€Ж𝟗",
    "a digit that is no number": "²",
    "no text": b"\xff\xed\xa0\x80",
    "negative": "-1",
    "exponent": "1e999999999",
    "path": "../../etc",
}


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    with new_station(tmp_path_factory.mktemp("forms") / "state", Clock()) as made:
        add_each_role(made)
        add(made, "target", "cashier")
        do(made, clients.add, "shop", "Shop", ["read"])
        do(made, sites.add_site, "north", "region")
        account = do(made, add_customer, "Ada")
        do(made, link_meter, drn(1), account)
        do(made, shifts.open_shift, "op:administrator", "main", 0)
        do(made, change_steps.plan, [drn(2)], {"ti": 7})
        do(made, webhooks.add, made.state_dir, "hook", "https://example.org/", ["sale.made"])
        sell(made, "web", "sale-1", drn(1), Decimal(1))
        yield made


@pytest.fixture(scope="module")
def web(station):
    with client(station) as made:
        assert log_in(made, "administrator").status_code == 303
        yield made


def path_of(row, station):
    """Return the path of a row with something that exists in each variable."""
    account = see(station, lambda view: view.session.scalars(select(Customer.account_no)).first())
    known = {
        "operator": "target",
        "client": "web" if "sales" in row or "receipts" in row else "shop",
        "client_id": "sale-1",
        "account_no": account,
        "drn": drn(2) if "key-changes" in row else drn(1),
        "name": "hook",
        "tariff": "standard",
    }
    return re.sub(r"\{([^}]*)\}", lambda found: str(known.get(found[1], 1)), row)


def enrolling(station, operator="administrator"):
    """Return the fields that set a second factor: the sealed secret, and its code."""
    secret = pyotp.random_base32()
    with station.view() as view:
        sealed = Vault(station.state_dir).seal(view, f"{operator} new", secret)
    code = pyotp.TOTP(secret).at(station.clock())
    return {"sealed": base64.urlsafe_b64encode(sealed).decode(), "code": code}


def token(web):
    found = CSRF.search(web.get("/account", headers=HTML).text)
    assert found
    return found[1]


def test_every_route_of_a_form_has_a_form_here():
    assert set(FORMS) == set(ROWS)


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"/logout"}))
def test_no_field_of_a_form_is_an_unforeseen_error(station, web, form):
    names = sorted({*FORMS[form], *MADE.get(form, ())} - {"file", "csrf"})
    good = {name: GOOD.get(name, "1") for name in names}
    if form == "/account/factor":
        good |= enrolling(station)
    path, csrf = path_of(ROWS[form], station), token(web)
    given = [("as on the page", good)]
    for name in names:
        given.append((f"{name} left out", {k: text for k, text in good.items() if k != name}))
        given += [(f"{name} {what}", good | {name: text}) for what, text in ODD.items()]
    for what, fields in given:
        body = urlencode({"csrf": csrf, **fields})
        head = {**HTML, "content-type": "application/x-www-form-urlencoded"}
        answer = web.post(path, content=body, headers=head)
        assert answer.status_code < 500, what


def test_a_second_factor_needs_the_form_that_began_it(station, web):
    good = enrolling(station)
    other = enrolling(station, "cashier")["sealed"]
    damaged = good["sealed"][:-6] + "AAAAA="
    before = factor(station)
    for sealed in (None, "", "AAAA", "x", "é", "A" * 5000, other, damaged, good["sealed"][:16]):
        fields = {**good, "sealed": sealed, "csrf": token(web)}
        if sealed is None:
            del fields["sealed"]
        answer = web.post("/account/factor", data=fields, headers=HTML)
        assert answer.status_code == 400, sealed
        assert "set the second factor from the beginning" in answer.text
    assert factor(station) == before


def factor(station):
    """Return the second factor of the administrator as it is stored."""
    return see(station, lambda view: people.find(view, "administrator").totp)


class Sent(HTMLParser):
    """Collects what each form of a page sends: its method, or that of a button, and its fields."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, given):
        of = dict(given)
        if tag == "form":
            self.forms.append(([(of.get("method") or "get").lower()], []))
        elif self.forms and of.get("formmethod"):
            self.forms[-1][0].append(of["formmethod"].lower())
        if self.forms and of.get("name"):
            self.forms[-1][1].append(of["name"])


PAGES = sorted(path for method, path in access.ACCESS if method == "GET" and "/api/" not in path)


def test_no_form_that_is_a_get_has_the_token_of_the_session(station, web):
    addresses = [
        *(path_of(path, station) for path in PAGES if not path.startswith(("/bench", "/static"))),
        *(f"/sales?drn={drn(1)}", f"/sales?find={drn(1)}", "/sales?id=sale-1"),
        f"/tariffs?{urlencode({'tariff': 'standard', 'money': '5'})}",
    ]
    posted = 0
    for address in addresses:
        found = Sent()
        found.feed(web.get(address, headers=HTML, follow_redirects=True).text)
        for methods, names in found.forms:
            posted += "post" in methods
            assert "get" not in methods or "csrf" not in names, address
            assert "post" not in methods or "csrf" in names, address
    assert posted > 40
    for template in forms_kit.TEMPLATES.glob("*.html"):
        assert "formmethod" not in template.read_text(), template.name


def test_the_price_is_shown_at_an_address_without_the_token(web):
    fields = {"drn": drn(1), "money": "5", "client_id": "page-1", "show": "price"}
    answer = web.post("/sales", data={**fields, "csrf": token(web)}, headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sales?drn={drn(1)}&money=5&client_id=page-1"
    page = web.get(answer.headers["location"], headers=HTML).text
    assert 'data-testid="price"' in page and 'name="money"' in page
    assert web.get("/api/v1/vends/page-1").status_code == 404
