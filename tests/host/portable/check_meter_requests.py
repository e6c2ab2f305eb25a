"""HTTP requests as a meter reads them, the names it answers to, and the settings of both parts."""

from page_rig import FORM, HOST, get, post, received

from meter.local.entry import digits_of
from meter.local.options import of_home, of_page
from meter.local.request import Request, field, local_host
from meter.local.site import escape

HOME = {"home_assistant": {"host": "10.0.0.1"}}


def status_of(data):
    request = received(data)
    return request.status if request.done else None


def test_a_request_cut_anywhere():
    data = post(b"token=1234+5678") + b"more"
    for step in (1, 2, 3, 50, 1000):
        request = received(data, step)
        assert request.done and not request.status
        assert (request.method, request.path) == (b"POST", b"/token")
        assert request.host == HOST and request.origin == b"http://" + HOST
        assert request.body == b"token=1234+5678"
    request = received(b"GET /?n=4 HTTP/1.1\nhOsT:  a  \n\n")
    assert (request.path, request.query, request.host) == (b"/", b"n=4", b"a")


def test_what_is_refused():
    kind = b"Content-Type: " + FORM + b"\r\n"
    for status, data in (
        (400, b"\r\n\r\n"),
        (400, b"GET\r\n\r\n"),
        (400, b"GET  / HTTP/1.1\r\n\r\n"),
        (400, b"GET / HTTP/2\r\n\r\n"),
        (400, b"GET http://a/ HTTP/1.1\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n\r\n"),
        (400, get(more=b"Host: b\r\n")),
        (400, get(more=b" folded: 1\r\n")),
        (400, get(more=b"no colon\r\n")),
        (400, get(host=b"a" * 300)),
        (413, get(more=b"Content-Length: 5\r\n") + b"12345"),
        (414, b"GET /" + b"a" * 300),
        (501, get(more=b"Transfer-Encoding: chunked\r\n")),
        (417, get(more=b"Expect: 100-continue\r\n")),
        (411, b"POST /token HTTP/1.1\r\nHost: a\r\n" + kind + b"\r\n"),
        (415, b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"),
        (413, b"POST / HTTP/1.1\r\nHost: a\r\n" + kind + b"Content-Length: 129\r\n\r\n"),
        (413, b"POST / HTTP/1.1\r\nHost: a\r\n" + kind + b"Content-Length: 99999999999\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: a\r\n" + kind + b"Content-Length: -1\r\n\r\n"),
        (400, post(b"", more=b"Content-Length: 1\r\n")),
        (400, post(b"", more=b"Origin: http://b\r\n")),
    ):
        assert status_of(data) == status, (status, status_of(data), data[:80])
    assert status_of(get(more=b"X-Long: " + b"y" * 900 + b"\r\n")) == 0
    assert status_of(get()[:-2]) is None


def test_headers_without_end_are_refused_and_not_kept():
    for part in (b"y" * 100, b"X: y\r\n" * 20):
        request = Request()
        request.receive(b"GET / HTTP/1.1\r\nX: ")
        count = 0
        while not request.done:
            request.receive(part)
            count += 1
            assert count < 100
        assert request.status == 431


def test_fields_of_a_form():
    assert field(b"a=1&token=12+34%2056", b"token") == "12 34 56"
    for body in (
        b"",
        b"token",
        b"tokens=1",
        b"token=%zz",
        b"token=%",
        b"token=%00",
        b"token=\xff",
    ):
        assert field(body, b"token") == "", body
    assert digits_of("1234 5678-9012 3456 7890") == "12345678901234567890"
    for text in ("", "1" * 19, "1" * 21, "1" * 19 + "x", "1" * 19 + "\u0661"):
        assert digits_of(text) == ""
    assert escape('<a href="x">&') == "&lt;a href=&quot;x&quot;&gt;&amp;"


def test_options():
    assert of_page({}) is None and of_home({}) is None
    assert of_page({"page": {}}) == {"port": 80, "address": "0.0.0.0", "host": ""}
    assert of_home(HOME)["prefix"] == "homeassistant"
    for given, wrong in (
        ({"page": True}, "page"),
        ({"page": {"pot": 1}}, "page"),
        ({"page": {"port": 0}}, "page.port"),
        ({"page": {"host": 5}}, "page.host"),
        ({"home_assistant": {}}, "home_assistant.host"),
        ({"home_assistant": {"host": ""}}, "home_assistant.host"),
        ({"home_assistant": {"host": "a", "prefix": "a/#"}}, "home_assistant.prefix"),
        ({"home_assistant": {"host": "a", "name": 'a"'}}, "home_assistant.name"),
        ({"home_assistant": {"host": "a", "user": "x" * 65}}, "home_assistant.user"),
    ):
        try:
            of_page(given)
            of_home(given)
            raise AssertionError(wrong)
        except ValueError as error:
            assert str(error) == wrong, (str(error), wrong)


def test_only_names_of_this_meter_are_answered():
    for host in (b"192.168.1.7:8080", b"localhost", b"Meter.local:80", b"[fe80::1]", b"meter.lan"):
        assert local_host(host, "meter.lan"), host
    for host in (
        b"evil.example",
        b"1.2.3.4.evil.com",
        b"local",
        b"",
        b":80",
        b"1.2.3",
        b"[",
        b"\xff",
    ):
        assert not local_host(host, "meter.lan"), host
    assert not local_host(b"", "")
