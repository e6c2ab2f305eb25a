"""Operators for tests: one per role, with a password and a time-based code."""

import re

import pyotp
from fastapi.testclient import TestClient

from tjugo.station.operators import credentials, passwords, people, totp
from tjugo.station.station import Station
from tjugo.station.storage.tables import ROLES
from tjugo.web.app import create_app

BASE = "http://127.0.0.1:8020"
HTML = {"accept": "text/html,application/xhtml+xml"}
PASSWORD = "correct-horse-9"
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def add(station: Station, operator: str, role: str = "administrator", **more) -> None:
    """Add an operator with PASSWORD that need not be changed."""
    hashed = passwords.hashed(PASSWORD)
    with station.work("cli:ada") as work:
        people.add(work, operator, hashed, operator.title(), role, must_change=False, **more)


def add_each_role(station: Station) -> None:
    """Add an operator of each role, whose name is the role."""
    for role in sorted(ROLES):  # administrator first: the first operator is one
        add(station, role, role)


def add_factor(station: Station, operator: str) -> tuple[pyotp.TOTP, list[str]]:
    """Give an operator a second factor; return it, and the recovery codes."""
    secret = totp.new_secret()
    with station.work(f"op:{operator}") as work:
        sealed = totp.Vault(station.state_dir).seal(work, operator, secret)
        codes = credentials.set_factor(work, operator, sealed, 0)
    return pyotp.TOTP(secret), codes


def client(station: Station, **options) -> TestClient:
    """Return a browser without a session, which does not follow redirections."""
    app = create_app(station, **options)
    return TestClient(app, base_url=BASE, raise_server_exceptions=False, follow_redirects=False)


def log_in(web: TestClient, operator: str, password: str = PASSWORD):
    """Send the form of the log-in; return the answer."""
    return web.post("/login", data={"operator": operator, "password": password})


def post(web: TestClient, path: str, page: str | None = None, **fields):
    """Send a form as the page has it, with its token."""
    shown = web.get(page or path, headers=HTML).text
    found = CSRF.search(shown)
    token = {"csrf": found[1]} if found else {}
    return web.post(path, data={**token, **fields}, headers=HTML)
