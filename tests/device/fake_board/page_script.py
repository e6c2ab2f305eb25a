"""A script for MicroPython that boots a meter with a page on a fake board with a radio, and is the
browser too. In the folder of the board's flash.

Usage: page_script.py TOKEN PORT    It prints "done".
"""

import gc
import socket
import sys
import time

import machine
import network

TOKEN, PORT = sys.argv[1], int(sys.argv[2])
FORM = "application/x-www-form-urlencoded"


class Browser:
    """A client in the same process: it sends, lets the meter tick, and reads."""

    def __init__(self, app):
        self._app = app

    def ticks(self, count):
        for _ in range(count):
            self._app._tick()
            time.sleep_ms(20)

    def ask(self, data):
        """Return the answer to a request."""
        sock = socket.socket()
        sock.connect(socket.getaddrinfo("127.0.0.1", PORT)[0][-1])
        sock.send(data)
        sock.setblocking(False)
        found = b""
        for _ in range(500):
            self.ticks(1)
            try:
                part = sock.recv(256)
            except OSError:
                continue
            if not part:
                break
            found += part
        else:
            raise AssertionError("the connection is not closed")
        sock.close()
        return found


def main():
    gc.threshold(16384)  # as the application does
    machine.I2C.memory[0x50] = bytearray(32768)
    import board

    from meter.app import App
    from runtime.boot import Health

    app = App(board, Health())
    browser = Browser(app)
    assert network.attempts == [("home", "secret")], "at the start"
    browser.ticks(50)
    local = app._local
    assert local._parts[0]._listener is None, "there is no network yet"
    network.joined[0] = True
    browser.ticks(50)
    host = b"127.0.0.1:%d" % PORT
    page = browser.ask(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert page[:12] == b"HTTP/1.1 200" and b"No credit" in page and page[-7:] == b"</form>", page
    body = b"token=" + TOKEN.encode()
    head = "POST /token HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (FORM, len(body))
    sent = b"Host: " + host + b"\r\nOrigin: http://" + host + b"\r\n\r\n" + body
    answer = browser.ask(head.encode() + sent)
    assert answer[:12] == b"HTTP/1.1 303", (answer, local.fault)
    assert app._meter.account.credit > 0
    page = browser.ask(b"GET /?n=1 HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert b"Accepted" in page and b"No credit" not in page
    assert local.fault == "" and machine.WDT.made[0].fed > 100
    print("done")


main()
