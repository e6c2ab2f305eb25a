"""A client of the meter's page: whole requests by http.client, and bytes as they are."""

import http.client
import socket
import time
from typing import NamedTuple
from urllib.parse import urlencode

SECONDS = 20
FORM = "application/x-www-form-urlencoded"


class Answer(NamedTuple):
    """status, the headers and the text of an answer."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class Client:
    """A browser without a window. port: of 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"

    def ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request; return the answer."""
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        try:
            connection.request(method, path, body or None, headers or {})
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read().decode())
        finally:
            connection.close()

    def get(self, path: str = "/") -> Answer:
        """Return the page."""
        return self.ask("GET", path)

    def send_form(self, token: str, origin: str | None = "") -> Answer:
        """Send the form; origin: that of the header, None for none."""
        headers = {"Content-Type": FORM}
        if origin is not None:
            headers["Origin"] = origin or f"http://{self.host}"
        return self.ask("POST", "/token", urlencode({"token": token}), headers)

    def enter(self, token: str) -> str:
        """Send the form until it is taken, follow it; return the page."""
        until = time.monotonic() + SECONDS
        answer = self.send_form(token)
        while answer.status == 503:
            assert time.monotonic() < until, "the form was never taken"
            answer = self.send_form(token)
        assert answer.status == 303
        return self.get(answer.headers["Location"]).text

    def wait(self) -> None:
        """Wait until the meter serves its page."""
        until = time.monotonic() + SECONDS
        while True:
            try:
                self.get()
                return
            except OSError:
                assert time.monotonic() < until, "the page is not served"

    def open(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)

    def raw(self, data: bytes) -> bytes:
        """Send bytes, end the sending; return what comes back, b"" if nothing does."""
        with self.open() as sock:
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                found = b""
                while part := sock.recv(4096):
                    found += part
                return found
            except OSError:  # it was refused before all was sent
                return b""
