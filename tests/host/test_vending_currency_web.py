"""Meters that count money over the API, on the pages, on receipts and on the command line."""

import json
import re
from dataclasses import replace

import pytest
from cli_kit import Shell
from engineering_kit import decide
from escpos_kit import squeezed
from people_kit import client, post
from receipt_kit import receipt
from station_kit import do, drn
from test_receipt_escpos import printed
from test_receipt_texts import WANTED
from test_receipt_web import pdf_text
from test_tariff_versions import approved
from test_vending_currency import TAXED

from tjugo.station.receipts import pdf
from tjugo.station.receipts.model import Line, Receipt, Tender, Token
from tjugo.station.receipts.render import text
from tjugo.station.registry import exports
from tjugo.station.registry.imports.service import Options, run
from tjugo.station.station import Station
from tjugo.station.storage.tables import Approval
from tjugo.station.tills import vendors
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase

MONEY = drn(7)
API = "/api/v1"


@pytest.fixture
def station(station):
    do(station, vendors.ensure_default)
    approved(station, "tou", TAXED, "Time of use")
    return station


@pytest.fixture
def web(station):
    with client(station) as opened:
        yield opened


@pytest.fixture
def registered(web):
    """Register a meter that counts money with its tariff over the API."""
    made = web.post(f"{API}/meters", json={"drn": MONEY, "counts": "money"})
    assert (made.status_code, made.json()["counts"]) == (201, "money")
    assert web.put(f"{API}/meters/{MONEY}/tariff", json={"tariff": "tou"}).status_code == 200


def vend(web, client_id="a", **body):
    return web.put(f"{API}/vends/{client_id}", json={"drn": MONEY, **body})


@pytest.mark.usefixtures("registered")
def test_a_sale_over_the_api(web):
    sold = vend(web, money="24")
    assert sold.status_code == 200
    found = sold.json()
    assert (found["kwh"], found["units_kwh"], found["credit"]) == (None, None, "19.99624")
    assert found["receipt"]["tokens"][0]["credit"] == 1_999_624
    assert found["receipt"]["meter"]["counts"] == "money"
    assert found["delivery"]["channel"] == "keyed"
    assert web.get(f"{API}/vends/a").json() == {**found, "warning": None}
    assert web.get(f"{API}/vends:advice?client_id=a").json()["sale"]["credit"] == "19.99624"
    (listed,) = web.get(f"{API}/vends").json()["items"]
    assert (listed["kwh"], listed["credit"]) == (None, "19.99624")
    refused = vend(web, "b", kwh="20")
    assert (refused.status_code, refused.json()["code"]) == (400, "amount_invalid")
    assert "not of kWh" in refused.json()["error"]
    trial = web.post(f"{API}/vends:trial", json={"drn": MONEY, "money": "24"}).json()
    assert (trial["kwh"], trial["free_kwh"], trial["credit"]) == (None, None, "19.99624")
    energy = vend(web, "c", drn=drn(1), money="24").json()
    assert (energy["kwh"], energy["credit"]) == ("120", None)


def test_what_a_meter_counts_over_the_api(web):
    patch = web.patch(f"{API}/meters/{drn(3)}", json={"counts": "money"})
    assert (patch.status_code, patch.json()["counts"]) == (200, "money")
    web.patch(f"{API}/meters/{drn(3)}", json={"counts": "energy"})
    vend(web, drn=drn(3), money="1")
    refused = web.patch(f"{API}/meters/{drn(3)}", json={"counts": "money"})
    assert (refused.status_code, refused.json()["code"]) == (409, "meter_counts_fixed")
    assert web.patch(f"{API}/meters/{drn(3)}", json={"counts": "gas"}).status_code == 422
    found = web.get(f"{API}/tariffs/tou").json()
    assert found["counts"] == "money"
    wrong = web.put(f"{API}/meters/{drn(3)}/tariff", json={"tariff": "tou"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "tariff_counts_money")


@pytest.mark.usefixtures("registered")
def test_a_refused_token_is_replaced_on_the_page(web, station):
    sold = vend(web, money="24").json()
    later = [Purchase("test", f"{n}", MONEY, money=24) for n in range(50)]
    for purchase in later:
        do(station, sell_many, [purchase])
    form = {"drn": MONEY, "token": sold["token"], "shown": "OldError"}
    shown = post(web, "/refused", **form).text
    assert "All that is left of it is replaced: 19.99624 EUR." in shown
    assert 'name="tenths"' not in shown and "kWh" not in shown
    asked = post(web, "/refused/replace", bdt=sold["bdt"], tid=sold["tid"], why="old", **form)
    assert asked.status_code == 303
    with station.view() as view:
        (approval,) = view.session.query(Approval)
    assert "19.99624 EUR of TID" in approval.subject
    decide(station, approval.approval)
    page = web.get(asked.headers["location"]).text
    assert "Replacement: 19.99624 of credit" in page
    body = {"drn": MONEY, "bdt": sold["bdt"], "tid": sold["tid"], "why": "old"}
    (token,) = web.post(f"{API}/replacements", json=body).json()["tokens"]
    assert (token["kwh"], token["credit"], token["subclass"]) == (None, "19.99624", 4)
    refused = web.post(f"{API}/replacements", json={**body, "tenths": 10})
    assert refused.json()["code"] == "replacement_refused"


@pytest.mark.usefixtures("registered")
def test_the_counter_sells_by_money_only(web):
    shown = web.get(f"/sales?drn={MONEY}&money=24").text
    assert 'name="money"' in shown and 'name="kwh"' not in shown
    assert "Free units alone" not in shown
    price = re.search(r'data-testid="price".*?</table>', shown, re.S)[0]
    assert "Credit of €19.99624" in price and "VAT" in price and "kWh" not in price
    assert 'name="kwh"' in web.get(f"/sales?drn={drn(1)}").text
    assert post(web, "/sales", client_id="w1", drn=MONEY, money="24").status_code == 303
    sold = web.get("/sales?id=w1").text
    assert "€19.99624" in sold and "None" not in sold
    assert '<td class="number">19.99624 EUR</td>' in web.get("/sales").text
    receipt_page = web.get("/receipts/web/w1").text
    assert "Cost of credit" in receipt_page and "kWh" not in receipt_page


def test_the_pages_of_meters_set_what_they_count(web, station):
    added = post(web, "/meters", drn=MONEY, ea="07", counts="money")
    assert added.status_code == 303
    assert "counts money" in web.get("/meters").text
    page = f"/meters/{MONEY}"
    assert post(web, page, action="collector", collector_id="c1").status_code == 303
    assert "<dd>c1</dd>" in web.get(page).text
    assert post(web, page, action="counts", counts="energy").status_code == 303
    assert "<dt>Counts</dt><dd>energy</dd>" in web.get(page).text
    vend(web, money="1")
    assert "credit was issued" in post(web, page, action="counts", counts="money").text
    tariffs = web.get("/tariffs").text
    assert "of meters that count money" in tariffs
    assert "Use for all meters without another" not in tariffs  # tou cannot be the default


RECEIPT = receipt(
    lines=(
        Line("energy", "energy", "Credit", 2000, True),
        Line("tax", "vat", "VAT", 400),
    ),
    tokens=(Token("credit", "1" * 20, credit=1_999_624),),
    tendered=(Tender("cash", 2400),),
    change=0,
)
RECEIPT = replace(RECEIPT, meter=replace(RECEIPT.meter, counts="money"))
WORDS = {
    "en": ("Credit €19.99624", "Cost of credit 20.00"),
    "de": ("Guthaben 19,99624 €", "Kosten des Guthabens 20,00"),
    "es": ("Crédito 19,99624 €", "Costo del crédito 20,00"),
    "fr": ("Crédit 19,99624 €", "Coût du crédit 20,00"),
    "pt": ("Crédito € 19,99624", "Custo do crédito 20,00"),
    "sw": ("Salio € 19.99624", "Gharama ya salio 20.00"),
}


@pytest.mark.parametrize("language", sorted(WANTED))
def test_a_receipt_has_the_credit_in_every_language(language):
    shown = squeezed(text(RECEIPT, 48, language))
    assert all(squeezed(words) in shown for words in WORDS[language])
    assert "kWh" not in shown


def test_a_receipt_with_credit_is_recorded_and_printed():
    assert Receipt.from_json(RECEIPT.to_json()) == RECEIPT
    assert RECEIPT.tenths() == 0 and RECEIPT.credit() == 1_999_624
    assert "€19.99624" in pdf_text(pdf.make(RECEIPT))
    paper = printed("epson-80", RECEIPT)
    assert "Cost of credit" in paper.text and "kWh" not in paper.text


def test_an_export_is_imported(web, station, tmp_path, database):
    web.post(f"{API}/meters", json={"drn": MONEY, "counts": "money"})
    with station.view() as view:
        content = b"".join(exports.parts(view, "meters", "csv"))
    assert b"counts" in content
    changed = content.replace(MONEY.encode(), drn(8).encode())
    report = run(station, "test", "f.csv", changed, Options())
    assert report.problems == []
    assert web.get(f"{API}/meters/{drn(8)}").json()["counts"] == "money"
    rows = f"meter,name,counts,tariff\n{drn(9)},Ada,money,flat\n{drn(10)},Ben,gas,\n"
    rows += f"{drn(8)},Cy,energy,\n{drn(11)},Di,money,tou\n"
    report = run(station, "test", "g.csv", rows.encode(), Options(by_row=True))
    found = {row.row: row.sentences[0] for row in report.problems}
    assert found[2] == f"Meter {drn(9)} counts money; tariff flat is for energy."
    assert found[3] == "Kind of credit is one of energy, money, not 'gas'."
    assert found[4] == f"Meter {drn(8)} is registered already with another kind of credit."
    assert web.get(f"{API}/meters/{drn(11)}").json()["counts"] == "money"


def test_the_command_line(station, monkeypatch, capsys):
    station.close()
    shell = Shell(station.state_dir, monkeypatch, capsys)
    assert shell.fine("meter", "add", MONEY, "--counts", "money")
    assert "counts money" in shell.fine("meter", "list", "--search", MONEY)
    assert "counts            money" in shell.fine("meter", "show", MONEY)
    assert shell.fine("meter", "edit", drn(3), "--counts", "money")
    assert "for meters that count money" in shell.fine("tariff", "list")
    assert "prices kWh, and meter" in shell.refused("tariff", "assign", "flat", MONEY)
    assert shell.fine("tariff", "assign", "tou", MONEY)
    shown = shell.fine("tariff", "preview", "24", "--meter", MONEY)
    assert "20.00  Credit" in shown and "19.99624  EUR is what the token carries" in shown
    sold = shell.fine("sell", MONEY, "--money", "24", "--id", "a").splitlines()
    assert sold[0] == f"Meter {MONEY}: credit of €19.99624 for €24.00, receipt main 1"
    assert "is to be keyed in" in sold[-1]
    assert "19.99624 EUR" in shell.fine("sales")
    refused = shell.run("sell", MONEY, "20")
    assert (refused.status, refused.err) == (
        2,
        "A currency meter is sold an amount of money, not of kWh.\n",
    )
    decoded = shell.fine("token", "decode", *sold[1].split(), "--meter", MONEY)
    assert "ElectricityCurrency" in decoded
    assert "19.99624 of the currency unit" in decoded
    found = json.loads(shell.fine("sell", MONEY, "--money", "24", "--id", "a", "--json"))
    assert (found["kwh"], found["credit"]) == (None, "19.99624")
    Station.open(station.state_dir).close()
