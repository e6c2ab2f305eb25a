"""Every route as every role: nothing is reachable that the table of access.py does not allow."""

import re
from pathlib import Path

import jinja2
import pytest
from fastapi import APIRouter
from people_kit import BASE, HTML, add, add_each_role, client, log_in
from starlette.routing import Mount
from station_kit import do, new_station, see

from tjugo.bench.hub import Hub
from tjugo.bench.routes import bench_router
from tjugo.station.audit import chain
from tjugo.station.operators import clients, permissions
from tjugo.station.storage.tables import ROLES
from tjugo.web import access, current
from tjugo.web.app import create_app
from tjugo.web.forms_token import FormTokens

TEMPLATES = Path(__file__).parents[2] / "host/tjugo/web/templates"


class Boards:
    """A bench on which nothing happens."""

    hub = Hub()

    def __getattr__(self, name):
        return lambda *given: None


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    with new_station(tmp_path_factory.mktemp("access") / "state") as station:
        add_each_role(station)
        yield station


# Requests with a body that store nothing.
COMPUTES = {
    *(("POST", "/api/v1/lab/explain"), ("POST", "/api/v1/tariffs:preview")),
    *(("POST", "/refused"), ("POST", "/api/v1/refused-tokens")),
    ("POST", "/api/v1/vends:trial"),
}


def bench(templates):
    return bench_router(Boards(), templates)


def routes(app):
    """Yield method and path of every route, those of included routers too."""

    def walk(found, prefix=""):
        for route in found:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes, prefix + route.include_context.prefix)
            elif isinstance(route, Mount):
                yield "GET", f"{prefix}{route.path}/{{path:path}}"
            else:
                for method in route.methods - {"HEAD"}:
                    # A converter of the route limits what the row permits further.
                    yield method, re.sub(r":(?!path)\w+}", "}", prefix + route.path)

    return set(walk(app.routes))


def sample(path):
    """Return a path of a route with something in each parameter."""
    return re.sub(r"\{[^}]*\}", "1", path)


def test_every_route_has_a_row_and_every_row_a_route(station):
    found = routes(create_app(station, bench))
    assert len(found) > 40
    assert found - set(access.ACCESS) == set(), "routes without a row in web/access.py"
    assert set(access.ACCESS) - found == set(), "rows in web/access.py without a route"


def test_every_permission_exists():
    for row, permission in access.ACCESS.items():
        assert permission in {access.PUBLIC, access.ACCOUNT, *permissions.ACTIONS}, row


def test_the_table_is_read_as_the_routes_are():
    """A path is checked by the row of the route that answers it."""
    for method, path in access.ACCESS:
        assert access.find(method, sample(path)) == (method, path)
    assert access.find("PUT", "/api/v1/vends") is None
    assert access.find("GET", "/api/v1/vends/") is None


def test_a_route_without_a_row_is_not_reachable(station):
    extra = APIRouter()
    extra.add_api_route("/forgotten", lambda: "here")
    app = create_app(station, lambda templates: extra)
    assert ("GET", "/forgotten") in routes(app)
    with client(station, bench=lambda templates: extra) as web:
        log_in(web, "administrator")
        assert web.get("/forgotten").status_code == 404


def public(row):
    return access.ACCESS[row] == access.PUBLIC


def ask(web, row, **options):
    method, path = row
    # HEAD where a stream would not end.
    method = "HEAD" if path == "/bench/events" else method
    json = None if method in ("GET", "HEAD") else {}
    return web.request(method, sample(path), json=json, **options)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_route_as_every_role(station, role):
    with client(station, bench=bench) as web:
        assert log_in(web, role).status_code == 303
        for row, permission in sorted(access.ACCESS.items()):
            if row == ("POST", "/logout"):
                continue
            allowed = permission in ("public", "account") or (
                permission in permissions.PERMISSIONS[role]
            )
            if allowed and row[0] != "GET" and row[1].startswith(("/login", "/operators")):
                continue  # would end or change the operators of this test
            status = ask(web, row).status_code
            assert (status not in (401, 403)) == allowed or row[1].startswith("/account"), row
        assert web.post("/logout", json={}).status_code == 303


def test_every_route_without_a_log_in(station):
    with client(station, bench=bench) as web:
        for row in access.ACCESS:
            if not public(row):
                assert ask(web, row).status_code == 401, row
                if row[0] == "GET" and row[1] != "/bench/events":
                    sent = ask(web, row, headers=HTML)
                    assert sent.status_code == 303
                    assert sent.headers["location"].startswith("/login?next=%2F"), row


@pytest.mark.parametrize("scope", sorted(permissions.SCOPES))
def test_every_route_as_a_client_of_every_scope(station, scope):
    key = do(station, clients.add, f"c-{scope}", "Test", [scope])
    headers = {"authorization": f"Bearer {key}"}
    with client(station, bench=bench) as web:
        for row, permission in access.ACCESS.items():
            if public(row) or row[1].startswith(("/account", "/logout")):
                continue
            allowed = permission == "account" or permission in permissions.SCOPES[scope]
            allowed = allowed and row[1].startswith("/api/")
            status = ask(web, row, headers=headers).status_code
            assert (status not in (401, 403)) == allowed, row


def test_a_refusal_is_recorded(station):
    with client(station) as web:
        log_in(web, "auditor")
        answer = web.post("/api/v1/customers", json={"name": "Eve"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
        assert answer.json()["error"] == "Auditor (auditor) may not register and change customers."
    event = see(station, lambda view: list(chain.events(view)))[-1]
    assert (event.actor, event.action, event.subject, event.outcome) == (
        *("op:auditor", "customers.edit", "POST /api/v1/customers", "refused"),
    )


def test_an_auditor_looks_and_does_not_touch():
    for (method, path), permission in access.ACCESS.items():
        if permission in permissions.PERMISSIONS["auditor"]:
            assert method == "GET" or (method, path) in COMPUTES, (method, path)


def test_the_header_shows_only_what_may_be_opened(station):
    with client(station) as web:
        log_in(web, "cashier")
        page = web.get("/customers", headers=HTML).text
        shown = set(re.findall(r'<a href="(/[a-z]*)"', page.partition("</header>")[0]))
        assert {"/sales", "/meters", "/customers", "/account"} <= shown
        assert shown & {"/operators", "/clients", "/audit", "/lab", "/approvals"} == set()
        assert "Cashier" in page and "Log out" in page


def test_every_form_that_changes_something_has_a_token():
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES))
    environment.add_extension(FormTokens)
    forms = 0
    for path in TEMPLATES.glob("*.html"):
        source = path.read_text()
        made = next(
            extension.preprocess(source, path.name)
            for extension in environment.extensions.values()
        )
        posts = len(re.findall(r"method\s*=\s*.?post", source, re.I))
        assert made.count("{{ csrf_field() }}") == posts, path.name
        forms += posts
    assert forms > 10


def test_a_form_without_its_token_is_refused(station):
    with client(station) as web:
        log_in(web, "administrator")
        fields = {"name": "Eve"}
        for given in ({}, {"csrf": "0" * 64}):
            answer = web.post("/customers", data={**fields, **given})
            assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
        for kind in ("text/plain", "multipart/form-data; boundary=x", ""):
            answer = web.post("/customers", content=b"name=Eve", headers={"content-type": kind})
            assert answer.status_code == 403, kind
        token = re.search(r'name="csrf" value="(\w+)"', web.get("/customers").text)
        assert token is not None
        answer = web.post("/customers", data={**fields, "csrf": token[1]})
        assert answer.status_code == 303
        files = {"file": ("a.csv", b"x")}
        sent = web.post("/customers", data={"csrf": token[1]}, files=files)
        assert sent.status_code != 403  # a form with a file has its token too


def test_a_token_of_another_session_is_refused(station):
    with client(station) as one, client(station) as two:
        log_in(one, "administrator")
        log_in(two, "engineer")
        token = re.search(r'name="csrf" value="(\w+)"', two.get("/customers").text)
        assert token is not None
        answer = one.post("/customers", data={"name": "Eve", "csrf": token[1]})
        assert answer.status_code == 403


# Without a log-in


def test_without_operators_the_visitor_is_the_local_administrator(tmp_path):
    with new_station(tmp_path / "state") as station, client(station) as web:
        page = web.get("/customers", headers=HTML)
        assert page.status_code == 200
        assert "Local administrator" in page.text and "Add the first operator" in page.text
        assert web.post("/api/v1/customers", json={"name": "Ada"}).status_code == 201
        assert web.get("/login", headers=HTML).headers["location"] == "/"
        fields = {"operator": "ana", "name": "Ana", "role": "auditor"}
        made = web.post("/operators", data=fields)
        assert made.status_code == 409 and "must be an administrator" in made.text
        made = web.post("/operators", data={**fields, "role": "administrator"})
        assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
        page = web.get("/customers", headers=HTML)
        assert page.headers["location"] == "/login?next=%2Fcustomers"
        assert web.get("/api/v1/customers").status_code == 401


def test_a_server_on_another_address_needs_a_log_in_from_the_beginning(tmp_path):
    with new_station(tmp_path / "state") as station, client(station, local=False) as web:
        assert web.get("/api/v1/customers").status_code == 401
        page = web.get("/login", headers=HTML)
        assert "tjugo operator add" in page.text


def test_an_operator_made_at_the_command_line_turns_log_in_on(tmp_path):
    with new_station(tmp_path / "state") as station:
        now = [0.0]
        app = create_app(station)
        gate = app.router.middleware_stack._gate
        gate._monotonic = lambda: now[0]
        from fastapi.testclient import TestClient

        with TestClient(app, base_url=BASE) as web:
            assert web.get("/api/v1/customers").status_code == 200
            add(station, "ana")
            now[0] += 1.0
            assert web.get("/api/v1/customers").status_code == 401


@pytest.mark.parametrize("role", ["cashier", "auditor"])
def test_a_bench_signs_its_visitor_in_as_a_role(tmp_path, role):
    person = permissions.visitor(role, "bench", f"Bench {role}")
    with new_station(tmp_path / "state") as station:
        add(station, "ana")
        with client(station, visitor=person) as web:
            page = web.get("/customers", headers=HTML)
            assert page.status_code == 200 and f"Bench {role}" in page.text
            assert "Log out" not in page.text
            status = web.post("/api/v1/customers", json={"name": "Ada"}).status_code
            assert status == 403
    assert current.known() == current.NOBODY
