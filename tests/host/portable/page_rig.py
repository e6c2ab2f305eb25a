"""Requests of a browser, for the checks of the meter's page."""

from meter.local.request import Request

HOST = b"192.168.1.7"
FORM = b"application/x-www-form-urlencoded"


def get(path=b"/", host=HOST, more=b""):
    return b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + more + b"\r\n"


def post(body, origin=b"http://" + HOST, host=HOST, path=b"/token", more=b""):
    sent = b"Origin: " + origin + b"\r\n" if origin is not None else b""
    length = b"%d" % len(body)
    head = b"POST " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + sent + more
    return head + b"Content-Type: " + FORM + b"\r\nContent-Length: " + length + b"\r\n\r\n" + body


def received(data, step=7):
    request = Request()
    for at in range(0, len(data), step):
        request.receive(data[at : at + step])
    return request
