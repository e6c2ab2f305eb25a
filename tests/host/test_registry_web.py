"""Look-up, import and export over the API and on the pages."""

import re
from urllib.parse import urlencode

import people_kit
import pytest
from fastapi.testclient import TestClient
from people_kit import add, log_in
from station_kit import do, drn, new_station, see

from tjugo.station.operators.permissions import PERMISSIONS
from tjugo.station.registry import customers, datasets, history, sites, views
from tjugo.web.app import create_app


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as station:
        do(station, customers.add_customer, "Ada Obi", phone="0803 555")
        do(station, customers.link_meter, drn(1), "C00001", "Plot 3")
        yield station


@pytest.fixture
def client(station):
    with TestClient(create_app(station), base_url="http://localhost") as client:
        yield client


def post(client, path, **form):
    head = {"content-type": "application/x-www-form-urlencoded"}
    return client.post(path, content=urlencode(form), headers=head, follow_redirects=False)


def test_the_look_up(client):
    (found,) = client.get("/api/v1/lookup", params={"q": "obi ada"}).json()["items"]
    assert (found["drn"], found["name"], found["service_point"]) == (drn(1), "Ada Obi", "Plot 3")
    assert client.get("/api/v1/lookup", params={"q": "x" * 201}).status_code == 422
    assert client.get("/api/v1/lookup").status_code == 422


def test_a_file_is_imported_over_the_api(client, station):
    content = f"meter,name\r\n{drn(11)},Eve\r\n12,Ben\r\n".encode()
    head = {"content-type": "application/octet-stream"}
    for query, name in (("dry_run=1", None), ("", None), ("by_row=1", "Eve")):
        answer = client.post(f"/api/v1/imports?{query}", content=content, headers=head)
        assert answer.status_code == 200
        report = answer.json()["report"]
        assert [row["row"] for row in report["problems"]] == [3]
        assert report["written"] == (name is not None)
    assert see(station, views.find_meter, drn(11)).customer.name == "Eve"
    answer = client.post("/api/v1/imports?map=x", content=content, headers=head)
    assert (answer.status_code, answer.json()["code"]) == (400, "mapping_invalid")


def test_a_file_is_exported_over_the_api(client):
    answer = client.get("/api/v1/exports/customers")
    assert answer.headers["content-disposition"] == 'attachment; filename="customers.csv"'
    assert "C00001,Ada Obi,0803 555" in answer.text
    assert client.get("/api/v1/exports/links?format=jsonl").json()["account_no"] == "C00001"
    assert client.get("/api/v1/exports/all").status_code == 404
    assert client.get("/api/v1/exports/links?format=doc").status_code == 404


def test_the_page_of_import_checks_maps_and_imports(client, station):
    content = f"Zahl;Wer;Schulden\r\n{drn(11)};Eve;5,50\r\n".encode()
    page = client.post("/import", files={"file": ("kunden.csv", content)}).text
    assert "No column is recognised" not in page
    upload = re.search(r'name="upload" value="([0-9a-f]{32})"', page)[1]
    assert 'value="debt" selected' in page
    form = {"upload": upload, "name": "kunden.csv", "mapped": "1", "recovery": "10%"}
    form |= {"column_0": "drn", "column_1": "name", "column_2": "debt"}
    page = post(client, "/import", **form, action="check").text
    assert "Dry run: 1 row, none with problems; 1 would be imported." in page
    page = post(client, "/import", **form, column_3="debt", action="check").text
    assert "Two columns are both the debt." in page
    page = post(client, "/import", **form, action="import").text
    assert "1 of 1 row imported" in page
    assert see(station, views.find_meter, drn(11)).customer.name == "Eve"
    page = post(client, "/import", **form, action="import").text
    assert "The file is no longer here: choose it again." in page
    assert not list((station.state_dir / "uploads").iterdir())


def test_a_page_of_a_customer_and_of_a_meter(client, station):
    assert "Ada Obi" in client.get("/customers/C00001").text
    assert post(client, "/customers/C00001", name="Ada Cole", notes="x").status_code == 303
    assert see(station, views.find_customer, "C00001").notes == "x"
    assert "A customer needs a name." in post(client, "/customers/C00001", name="").text
    path = f"/meters/{drn(1)}"
    assert "Ada Cole" in client.get(path).text
    assert "There is no account X." in post(client, f"{path}/link", account_no="X").text
    do(station, sites.add_site, "T1", "transformer")
    link = {"account_no": "C00001", "service_point": "Plot 4", "site": "T1"}
    assert post(client, f"{path}/link", **link).status_code == 303
    assert see(station, views.find_meter, drn(1)).site == "T1"
    assert post(client, path, status="blocked", reason="why").status_code == 303
    answer = post(client, path, action="replace", new_drn=drn(3).lstrip("0"), reason="burnt")
    assert answer.headers["location"] == f"/meters/{drn(3)}"
    past = see(station, history.meter_history, drn(1))
    assert [link.service_point for link in past.links] == ["Plot 3", "Plot 4"]
    assert [row.status for row in past.statuses] == ["blocked", "removed"]
    assert "burnt" in client.get(path).text
    assert client.get("/meters/99").status_code == 400
    assert client.get("/customers/none").status_code == 404


def test_the_page_of_sites_and_its_routes(client, station):
    assert post(client, "/sites", site="R", kind="region", name="North").status_code == 303
    assert post(client, "/sites", site="F", kind="feeder", parent="R").status_code == 303
    page = client.get("/sites?parent=R").text
    assert "North" in page and 'href="/sites?parent=F"' in page
    assert "is below site R" in post(client, "/sites", site="R", action="remove").text
    assert client.get("/api/v1/sites/F").json()["path"] == ["R"]
    body = {"site": "S", "kind": "substation", "parent": "F"}
    assert client.post("/api/v1/sites", json=body).json()["code"] == "site_invalid"
    body["parent"] = "R"
    assert client.post("/api/v1/sites", json=body).status_code == 201
    assert client.patch("/api/v1/sites/F", json={"parent": "S"}).json()["path"] == ["R", "S"]
    assert client.delete("/api/v1/sites/S").status_code == 409
    assert client.delete("/api/v1/sites/F").json() == {"deleted": "F"}


def test_a_customer_and_a_meter_over_the_api(client, station):
    body = {"name": "Eve", "email": "e@x.org", "id_no": "7"}
    made = client.post("/api/v1/customers", json=body).json()
    assert (made["email"], made["id_no"]) == ("e@x.org", "7")
    path = f"/api/v1/meters/{drn(1)}"
    assert client.patch(path, json={"service_point": "Plot 5"}).json()["service_point"] == "Plot 5"
    assert client.patch(path, json={"account_no": None}).json()["customer"] is None
    links = client.get(f"{path}/history").json()["links"]
    assert [link["service_point"] for link in links] == ["Plot 3", "Plot 5"]
    replacement = {"drn": drn(3), "reason": "burnt"}
    assert client.post(f"{path}/replacement", json=replacement).json()["drn"] == drn(3)


@pytest.mark.parametrize("role", PERMISSIONS)
def test_the_page_of_exports_is_for_all_who_may_export(station, role):
    add(station, "root")
    add(station, "person", role)
    permitted = "registry.export" in PERMISSIONS[role]
    with people_kit.client(station) as web:
        log_in(web, "person")
        page = web.get("/exports")
        assert page.status_code == (200 if permitted else 403)
        assert ('href="/exports"' in web.get("/account").text) == permitted
        for name in datasets.DATASETS if permitted else ():
            address = f"/api/v1/exports/{name}?format=csv"
            assert f'href="{address}"' in page.text
            assert web.get(address).status_code == 200
        if "registry.import" in PERMISSIONS[role]:
            assert web.get("/import").text.count('href="/exports"') == 2
