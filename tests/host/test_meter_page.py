"""The meter's own page on MicroPython, by real clients: tokens, the lock, and hostile requests."""

import json
import os
import random
import re
import subprocess
import threading
from pathlib import Path

import pytest
from meter_process import KEY, MeterBoard, settings, token
from page_client import Client
from ports import free_port

from meterbus import client, registers
from sts_portable import results

HERE = Path(__file__).parent
REPO = HERE.parents[1]
FUZZED = 10_000
WIDTH = 390
OTHER = bytes(8)


class Page(Client):
    """A meter board with a page."""

    def __init__(self, micropython: list[str], folder: Path, **changes: object) -> None:
        super().__init__(free_port())
        given = settings(page={"port": self.port, "address": "127.0.0.1"}, **changes)
        self.board = MeterBoard(micropython, folder, given)


@pytest.fixture
def page(micropython, tmp_path):
    found = Page(micropython, tmp_path)
    with found.board:
        found.wait()
        yield found


def test_a_token_is_credited_and_shown_in_the_meters_language(micropython, tmp_path):
    page = Page(micropython, tmp_path, language="fr")
    with page.board as board:
        page.wait()
        shown = page.get().text
        assert '<html lang="fr">' in shown and "Sans crédit" in shown
        digits = token(200, 0)
        shown = page.enter(" ".join(digits[at : at + 4] for at in range(0, 20, 4)))
        assert "<b>Accepté</b> +20.0 kWh" in shown and "20.000 kWh" in shown
        board.wait_display("Accepté", "+20.0 kWh")
        board.wait(lambda said: {"relay": True} in said, "the relay to close")
        assert "<b>Déjà utilisé</b>" in page.enter(digits)
        assert board.state()["credit"] == 2000  # 10 Wh


def test_the_lock_is_one_for_page_and_bus_and_not_for_the_key_pad(page):
    board = page.board
    for number in (1, 2):
        assert "<b>Wrong token</b> CRCError" in page.enter(token(10, number, OTHER))
    assert board.deliver(token(10, 3, OTHER), 7) == results.CRC_ERROR
    page.enter(token(10, 4, OTHER))
    assert re.search(r"<b>Locked</b> Wait \d+ s", page.enter(token(10, 4)))
    assert board.state()["credit"] == 0
    board.say({"keys": token(10, 4) + "#"})
    board.wait(lambda _: board.last("display")[0].strip() == "Accepted", "a token at the key pad")
    assert board.state()["credit"] == 100


def test_only_its_own_form_is_taken(page):
    digits = token(10, 0)
    for origin in (None, "null", "http://evil.example", f"https://{page.host}"):
        assert page.send_form(digits, origin).status == 403, origin
    assert page.ask("GET", f"/token?token={digits}").status == 405
    assert page.ask("GET", "/", headers={"Host": "evil.example"}).status == 403
    assert page.board.state()["credit"] == 0
    answer = page.send_form(digits)
    assert answer.status == 303 and page.board.state()["credit"] == 100
    assert "frame-ancestors 'none'" in page.get().headers["Content-Security-Policy"]


def test_it_is_off_by_default(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings()) as board:
        board.wait(lambda _: board.last("selftest"), "the self-test")
        assert board.last("selftest")["local"] == "off"
        fd = Path(f"/proc/{board._process.pid}/net/tcp").read_text()
        inodes = {os.readlink(link) for link in links(board._process.pid)}
        listening = {f"socket:[{row.split()[9]}]" for row in fd.splitlines()[1:]}
        assert not inodes & listening


def links(pid: int) -> list[Path]:
    """Return the links of a process's open files."""
    return list(Path(f"/proc/{pid}/fd").iterdir())


def test_a_wrong_setting_leaves_the_meter_alone(micropython, tmp_path):
    given = settings(page={"port": "80"})
    with MeterBoard(micropython, tmp_path, given) as board:
        board.wait(lambda _: board.last("selftest"), "the self-test")
        assert board.last("selftest")["local"] == "page.port"
        assert board.last("selftest")["settings"] == "ok"
        board.say({"keys": token(10, 0) + "#"})
        board.wait_display("Accepted", "+1.0 kWh")


def test_slow_clients_keep_nobody_out_and_the_bus_is_answered(page):
    board = page.board
    request = client.read_request(1, 3, registers.STATE_START, registers.STATE_COUNT)
    slow = [page.open() for _ in range(6)]
    try:
        for number, sock in enumerate(slow):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a" if number % 2 else b"G")
        for _ in range(20):
            board.ask(request, tries=1).check()
        assert page.get().status == 200
        assert "<b>Accepted</b>" in page.enter(token(10, 0))
    finally:
        for sock in slow:
            sock.close()


def test_a_client_that_sends_nothing_is_told_so_and_closed(page):
    with page.open() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 408 ")


def test_large_requests_are_refused_and_what_is_sent_is_read(page):
    start = b"POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: x\r\n"
    assert page.raw(b"GET /" + b"a" * 20000).startswith(b"HTTP/1.1 414 ")
    assert page.raw(start + b"Content-Length: 9999\r\n\r\n" + b"a" * 9999)[:12] == b"HTTP/1.1 413"
    assert page.raw(start + b"X: y\r\n" * 3000)[:12] == b"HTTP/1.1 431"
    page.raw(b"a" * 3_000_000)
    assert page.get().status == 200


def test_in_a_browser(browser, micropython, tmp_path):
    page = Page(micropython, tmp_path, language="sw")
    with page.board as board:
        page.wait()
        tab = browser.new_page(viewport={"width": WIDTH, "height": 844})
        try:
            problems: list[str] = []
            tab.on("console", lambda message: problems.append(message.text))
            tab.goto(f"http://{page.host}/")
            tab.get_by_label("Tokeni").fill("1234")
            tab.get_by_role("button", name="Tuma").click()
            assert tab.evaluate("document.querySelector('input').validity.patternMismatch")
            tab.get_by_label("Tokeni").fill(token(55, 0))
            tab.get_by_role("button", name="Tuma").click()
            tab.get_by_role("status").wait_for()
            assert tab.get_by_role("status").inner_text() == "Imekubaliwa +5.5 kWh"
            assert tab.evaluate("document.documentElement.scrollWidth") <= WIDTH
            assert board.state()["credit"] == 550
            assert [text for text in problems if "favicon" not in text and "404" not in text] == []
        finally:
            tab.close()


class Process(Client):
    """page_process.py: a meter whose ticks follow each other at once."""

    def __init__(self, micropython: list[str], env: dict[str, str]) -> None:
        super().__init__(free_port())
        path = (".frozen", HERE / "portable", REPO / "firmware", REPO)
        self._process = subprocess.Popen(
            [*micropython, str(HERE / "page_process.py"), str(self.port)],
            env={**env, "MICROPYPATH": ":".join(map(str, path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    def __enter__(self) -> "Process":
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def state(self) -> dict:
        """Return the state of the meter."""
        assert self._process.poll() is None, "the meter has ended"
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


GOOD = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n",
    b"GET /?n=1 HTTP/1.0\nHost: localhost\n\n",
    # 19 digits: no change makes a token of them that can be decrypted.
    b"POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Type: "
    b"application/x-www-form-urlencoded\r\nContent-Length: 25\r\n\r\ntoken=1234567890123456789",
)
PARTS = (
    *(b"\r\n", b"\n", b"\r\n\r\n", b":", b" ", b"\0", b"\xff", b"%", b"%00", b"&", b"=", b"?"),
    *(b"Host: a\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"A" * 300),
    *(
        b"GET ",
        b"POST ",
        b"/token",
        b"HTTP/1.1",
        b"Origin: http://127.0.0.1\r\n",
        b"X: y\r\n" * 99,
    ),
)


def fuzzed(chance: random.Random) -> bytes:
    """Return a request that was changed at a few places, or bytes of chance."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(1200))
    data = bytearray(chance.choice(GOOD))
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes((chance.randrange(256),))
        elif kind == 1:
            del data[at : at + chance.randrange(20)]
        elif kind == 2:
            data[at:at] = chance.choice(PARTS)
        elif kind == 3:
            data = data[:at]
        else:
            data += data[at:]
    return bytes(data)


def is_no_token(data: bytes) -> bool:
    """Return whether no 20 digits are in a row in these bytes, whatever is between them."""
    return len(re.findall(rb"[0-9]", data.partition(b"token=")[2])) < 20


def test_malformed_requests_change_nothing(micropython, micropython_env):
    chance = random.Random(7)
    requests = [data for data in (fuzzed(chance) for _ in range(2 * FUZZED)) if is_no_token(data)]
    assert len(requests) >= FUZZED
    with Process(micropython, micropython_env) as page:
        before = page.state()
        statuses: set[bytes] = set()
        lanes = [requests[lane:FUZZED:4] for lane in range(4)]

        def send(lane: list[bytes]) -> None:
            statuses.update(page.raw(data)[:12] for data in lane)

        threads = [threading.Thread(target=send, args=(lane,)) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = page.state()
        assert page.get().status == 200
    assert statuses >= {b"HTTP/1.1 %d" % code for code in (200, 303, 400, 403, 404, 405, 413, 501)}
    assert all(re.fullmatch(rb"HTTP/1.1 [2-5]\d\d", status) for status in statuses - {b""})
    for name in ("longest_ms", "free"):
        before.pop(name)
    left = after.pop("free")
    after.pop("longest_ms")
    assert after == before
    assert left > 20_000
    assert KEY.hex() not in str(statuses)
