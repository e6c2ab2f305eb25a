"""The page of a receipt, /api/v1/receipts, `tjugo receipt` and `tjugo printer`."""

import io
import json

import pytest
from cli_kit import Shell
from fastapi.testclient import TestClient
from pypdf import PdfReader
from receipt_kit import TOKENS, FakePrinter, add_sale, receipt

from tjugo.station.receipts import printers
from tjugo.station.receipts.printers import Printer
from tjugo.web.app import create_app

READY = {1: 0, 2: 0, 4: 0}
SHOWN = "5555 6666 7777 8888 9999"


@pytest.fixture
def web(station):
    base = "http://127.0.0.1:8020"
    with TestClient(create_app(station), base_url=base, follow_redirects=False) as client:
        yield client


@pytest.fixture
def shown(station):
    return add_sale(station)


@pytest.fixture
def path(shown):
    return f"/receipts/{shown.client}/{shown.client_id}"


def pdf_text(content):
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def words(html):
    return " ".join(html.replace("</span>", " ").replace("<span>", " ").split())


def test_the_page_shows_the_receipt_and_counts_nothing(web, path):
    for _ in range(2):
        page = web.get(path)
        assert page.status_code == 200
        assert SHOWN in words(page.text)
        assert "the next print is the original" in page.text
        assert "REPRINT" not in page.text
        assert '<p class="mark only-print">COPY</p>' in page.text


def test_each_print_of_the_browser_is_counted(web, path):
    first = web.post(path, data={"to": "browser-58"})
    assert first.status_code == 200
    assert "browser-58" in first.text
    assert "data-print" in first.text
    assert "only-print" not in first.text
    assert 'data-testid="mark"' not in first.text
    second = web.post(path, data={"to": "browser-a6"})
    assert "REPRINT 1" in second.text
    assert "the next print is marked REPRINT 2" in web.get(path).text


def test_a_pdf_of_the_page_is_a_print(web, path):
    first, second = (web.post(path, data={"to": f"pdf-{size}"}) for size in ("a4", "a6"))
    assert first.headers["content-type"] == "application/pdf"
    assert "receipt-KIOSK-1-1042.pdf" in first.headers["content-disposition"]
    assert "REPRINT" not in pdf_text(first.content)
    assert "REPRINT 1" in pdf_text(second.content)


def test_a_printer_of_the_page(web, station, path):
    fake = FakePrinter(status=READY)
    printers.add(station.state_dir, Printer("till", "tcp", f"127.0.0.1:{fake.port}"))
    assert 'value="printer:till"' in web.get(path).text
    done = web.post(path, data={"to": "printer:till"})
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?sent=till")
    fake.close()
    assert len(fake.prints) == 1
    gone = web.post(path, data={"to": "printer:till"})
    assert gone.status_code == 503
    assert "The printer till refuses the connection" in gone.text
    assert SHOWN in words(gone.text)
    assert "marked REPRINT 1" in gone.text


def test_a_damaged_file_of_printers_does_not_hide_the_receipt(web, station, path):
    (station.state_dir / printers.FILE).write_text("x")
    page = web.get(path)
    assert SHOWN in words(page.text)
    assert "is damaged" in page.text


def test_a_void_sale_shows_no_token_anywhere(web, station):
    void = add_sale(station, receipt(client_id="void", number=9), voided=True)
    path = f"/receipts/{void.client}/void"
    api = f"/api/v1{path}"
    for answer in (web.get(path), web.get(api), web.get(f"{api}/pdf")):
        assert answer.status_code == 200
        text = pdf_text(answer.content) if answer.url.path.endswith("pdf") else answer.text
        assert not any(token[:4] in text for token in TOKENS)
    assert "VOID" in web.get(path).text
    assert web.post(path, data={"to": "pdf-a4"}).status_code == 409
    assert web.post(f"{api}/reprint", json={}).json()["code"] == "receipt_void"


def test_the_interface(web, station, shown, path):
    api = f"/api/v1{path}"
    found = web.get(api).json()
    assert found["printed"] is None
    token = {"kind": "credit", "digits": TOKENS[2], "tenths": 850, "credit": None}
    assert found["receipt"]["tokens"][2] == token
    assert found["receipt"]["lines"][2]["rate"] == "0.25"
    assert "COPY" in pdf_text(web.get(f"{api}/pdf?paper=a6").content)
    assert web.get(f"{api}/pdf?number=0").status_code == 404
    first = web.post(f"{api}/reprint", json={"width": 32}).json()
    assert (first["number"], first["printer"]) == (0, None)
    assert max(map(len, first["text"].splitlines())) <= 33
    again = web.post(f"{api}/reprint", json={}).json()
    assert (again["number"], "REPRINT 1" in again["text"]) == (1, True)
    assert "REPRINT 1" in pdf_text(web.get(f"{api}/pdf?number=1").content)
    assert web.get(f"{api}/pdf?number=2").status_code == 404
    assert web.get(api).json()["printed"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/receipts/web/none", None, 404, "receipt_unknown"),
        ("POST", "/api/v1/receipts/web/none/reprint", {}, 404, "receipt_unknown"),
        ("GET", "/api/v1/receipts/web/none/pdf?paper=a5", None, 422, "invalid"),
        ("POST", "/api/v1/receipts/web/none/reprint", {"width": 40}, 422, "invalid"),
    ],
)
def test_wrong_requests(web, method, path, body, status, code):
    answer = web.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_printer_that_is_unknown_to_the_interface(web, path):
    answer = web.post(f"/api/v1{path}/reprint", json={"printer": "nowhere"})
    assert (answer.status_code, answer.json()["code"]) == (404, "printer_unknown")


def test_the_commands(station, shown, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shell = Shell(station.state_dir, monkeypatch, capsys)
    sale = shown.client_id
    copy = shell.fine("receipt", "show", sale, "--width", "32")
    assert SHOWN in copy
    assert "COPY" in copy
    assert "FACTURE" in shell.fine("receipt", "show", sale, "--language", "fr")
    assert "write one of" in shell.refused("receipt", "show", sale, "--language", "it")
    assert json.loads(shell.fine("receipt", "show", sale, "--json"))["printed"] is None
    assert "There is no printer yet" in shell.run("receipt", "print", sale).err
    assert "No printers yet" in shell.fine("printer", "list")
    assert "is added" in shell.fine("printer", "add", "spool", "file", str(tmp_path / "spool"))
    assert "spool" in shell.fine("printer", "list")
    assert json.loads(shell.fine("printer", "list", "--json"))[0]["kind"] == "file"
    shell.fine("printer", "test", "spool")
    assert b"TJUGO" in (tmp_path / "spool").read_bytes()
    assert "The original is sent" in shell.fine("receipt", "print", sale)
    assert "Reprint 1 is sent" in shell.fine("receipt", "print", sale, "--printer", "spool")
    shell.fine("receipt", "pdf", sale, "--paper", "a6")
    written = tmp_path / "receipt-KIOSK-1-1042.pdf"
    assert "REPRINT 2" in pdf_text(written.read_bytes())
    assert written.stat().st_mode & 0o077 == 0
    assert "is removed" in shell.fine("printer", "remove", "spool")
    assert "There is no receipt" in shell.refused("receipt", "show", "nothing")


def test_an_id_that_two_clients_used_needs_the_client(station, shown, monkeypatch, capsys):
    add_sale(station, receipt(client="api", number=1043))
    shell = Shell(station.state_dir, monkeypatch, capsys)
    assert "api, web" in shell.refused("receipt", "show", shown.client_id)
    assert "1043" in shell.fine("receipt", "show", shown.client_id, "--client", "api")
