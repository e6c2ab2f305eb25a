"""Serving on other addresses than 127.0.0.1: TLS, log-in, names."""

import hashlib
import http.client
import json
import re
import ssl
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from station_kit import PYTHON, environment

from tjugo import certificate
from tjugo.commands.serving import place_of
from tjugo.errors import TjugoError
from tjugo.station.operators import passwords, people
from tjugo.station.setup.service import set_up
from tjugo.web.place import checked_host, checked_names

WAIT_S = 60
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
NAME = "station.example"
PASSWORD = "correct horse battery"


@pytest.fixture
def station(tmp_path):
    made = set_up(tmp_path / "state")
    yield made
    made.close()


def add_administrator(station):
    hashed = passwords.hashed(PASSWORD)
    with station.work("test") as work:
        people.add(work, "ada", hashed, "Ada", "administrator", must_change=False)


def place(station, host="0.0.0.0", names=(NAME,), tls=False, cert=None, key=None, new=False):
    return place_of(station, host, names, tls, cert, key, new)


def test_another_address_needs_log_in_and_then_has_tls(station):
    with pytest.raises(TjugoError, match="only with log-in on") as refused:
        place(station)
    assert refused.value.status == 2
    assert not (station.state_dir / certificate.FILE).exists()
    add_administrator(station)
    found = place(station, "192.168.1.20")
    assert found.certificate.names == (NAME, "192.168.1.20")
    assert not found.local
    # Without a name the machine's own is served; on its own address nothing changes.
    assert place(station, "127.0.0.1", ()).certificate is None


def test_the_certificate_is_made_once_and_is_private(station):
    add_administrator(station)
    first, again = place(station), place(station)
    assert first == again
    assert (first.certificate.file.stat().st_mode & 0o777) == 0o600
    made = x509.load_pem_x509_certificate(first.certificate.file.read_bytes())
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=825)
    assert place(station, names=(NAME, "till.example")).uncovered() == ["till.example"]
    other = place(station, names=("till.example",), new=True)
    assert other.certificate.fingerprint != first.certificate.fingerprint
    assert other.uncovered() == []


def test_an_own_certificate_is_tried_before_it_is_served(station, tmp_path):
    add_administrator(station)
    mine = certificate.self_signed(tmp_path, ["*.example"], NOW, False)
    assert place(station, cert=mine.file).uncovered() == []
    other = certificate.self_signed(tmp_path / "state", ["*.example"], NOW, False)
    for given, sentence in (
        ({"cert": mine.file, "key": other.file}, "is not the private key"),
        ({"cert": tmp_path / "none"}, "cannot be read"),
        ({"cert": mine.file, "key": tmp_path / "none"}, "cannot be read"),
    ):
        with pytest.raises(TjugoError, match=sentence) as refused:
            place(station, **given)
        assert refused.value.status == 2
    mine.file.chmod(0o644)
    with pytest.raises(TjugoError, match="chmod o="):
        place(station, cert=mine.file)


@pytest.mark.parametrize("text", ["station.example", "300.1.1.1", "", "0.0.0.0:80"])
def test_an_address_is_an_address(text):
    with pytest.raises(TjugoError, match="is not an address"):
        checked_host(text)
    assert checked_host("[::1]") == "::1"


@pytest.mark.parametrize("text", ["", "a b", "-a.example", "a..b", "http://a", "a" * 64])
def test_a_name_is_a_name(text):
    with pytest.raises(TjugoError, match="is not the name"):
        checked_names([text])
    assert checked_names(["Station.Example."]) == ("station.example",)


def test_a_station_without_operators_is_not_served_on_another_address(station):
    argv = [PYTHON, "-m", "tjugo", "station", "--port", "0", "--host", "0.0.0.0"]
    done = subprocess.run(
        [*argv, "--state", str(station.state_dir)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.long
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_is_served_with_tls(station, workers):
    add_administrator(station)
    argv = [PYTHON, "-m", "tjugo", "station", "--port", "0", "--host", "0.0.0.0"]
    served = subprocess.Popen(
        [*argv, "--name", NAME, "--workers", workers, "--state", str(station.state_dir)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = int(re.search(rf"https://{NAME}:(\d+)/", served.stdout.readline()).group(1))
        printed = served.stdout.readline().split()[-1]
        context = ssl.create_default_context(cafile=station.state_dir / certificate.FILE)
        context.check_hostname = False  # the name is compared below
        client = http.client.HTTPSConnection("127.0.0.1", port, timeout=WAIT_S, context=context)
        client.connect()
        shown = client.sock.getpeercert(binary_form=True)
        assert hashlib.sha256(shown).hexdigest() == printed.replace(":", "").lower()
        form = f"operator=ada&password={PASSWORD.replace(' ', '+')}"
        statuses = {}
        for host in (f"{NAME}:{port}", "elsewhere.example"):
            headers = {"host": host, "content-type": "application/x-www-form-urlencoded"}
            client.request("POST", "/login", form, {**headers, "origin": f"https://{host}"})
            answer = client.getresponse()
            statuses[host] = answer.status
            body, cookie = answer.read(), answer.headers.get("set-cookie", "")
            if host == "elsewhere.example":
                assert json.loads(body)["code"] == "forbidden"
            else:
                assert "Secure" in cookie and "HttpOnly" in cookie
        assert list(statuses.values()) == [303, 403]
        client.request("GET", "/api/v1/meters", headers={"host": NAME})
        assert client.getresponse().status == 401
        client.close()
    finally:
        served.terminate()
        served.communicate(timeout=WAIT_S)
