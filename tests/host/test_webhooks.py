"""Webhooks: messages in the transaction of the event, signed, repeated, not twice at once."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import shlex

import pytest
from cli_kit import Shell
from people_kit import HTML, client
from proof_kit import proved
from station_kit import COLLECTOR, do, drn, see

from sts_portable import results
from tjugo.errors import TjugoError
from tjugo.station.delivery import service as delivery
from tjugo.station.delivery.jobs import Ack
from tjugo.station.link import records
from tjugo.station.station import Station
from tjugo.station.storage.databases import PostgresDatabase
from tjugo.station.storage.tables import Webhook
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.credit_note import credit_note
from tjugo.station.vending.money_only import Seller
from tjugo.station.vending.note import CreditNote
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.void import void
from tjugo.station.webhooks import outbox, sending, service, signature
from tjugo.station.webhooks.post import NotSent, checked_url, post
from tjugo.station.webhooks.sender import Sender

URL = "https://shop.example/hook"
ALL = tuple(outbox.EVENTS)


def register(station, hook="shop", events=ALL, url=URL):
    return do(station, service.add, station.state_dir, hook, url, events)


def buy(station, client_id, number=3, **more):
    station.clock.forward(seconds=1)
    (sale,) = do(station, sell_many, [Purchase("web", client_id, drn(number), money=1000, **more)])
    return sale


def later(station, service_of, *given):
    """Call a service a second later, so that messages have an order."""
    station.clock.forward(seconds=1)
    return do(station, service_of, *given)


def messages(station, **more):
    """Return the messages, oldest first, each with its body."""
    return see(station, service.messages, **more).items[::-1]


def events(station):
    return [json.loads(row.body) for row in messages(station)]


class Receiver:
    """Takes what is sent; answers with the statuses given, the last one for ever."""

    def __init__(self, *answers):
        self.answers, self.got = list(answers), []

    async def __call__(self, url, headers, body):
        self.got.append((url, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def rounds(station, receiver):
    return asyncio.run(Sender(station, receiver).round())


def test_each_event_has_one_message_without_digits(station):
    sent = []
    buy(station, "before")
    register(station)
    voided = buy(station, "void", disclosed=False)
    later(station, void, "web", "void", "wrong meter")
    sold = buy(station, "sold")
    asked = CreditNote("web", "n", "web", "sold", Seller("op:ada"), "no good", to="cash")
    later(station, credit_note, asked)
    for number, result in ((1, results.ACCEPT), (2, results.CRC_ERROR)):
        served = buy(station, f"d{number}", number)
        later(station, delivery.mark_sent, see(station, delivery.open_jobs, station.clock(), True))
        ack = Ack(COLLECTOR, drn(number), served.delivery.ref, "done", result)
        records.acks(station, [proved(station, ack)])
        sent.append(served)
    last = buy(station, "late", 1)
    later(station, delivery.expire, [last.delivery.ref])
    assert [body["type"] for body in events(station)] == [
        *("sale.made", "sale.voided", "sale.made", "credit_note.made", "sale.made"),
        *("token.accepted", "sale.made", "token.refused", "sale.made", "token.expired"),
    ]
    first, gone = events(station)[:2]
    assert first["data"]["client_id"] == "void" and first["timestamp"] == "2026-11-22T12:00:02Z"
    assert first["data"]["tokens"] == [{"kind": "credit", "tenths": 500}]
    assert (gone["data"]["why"], gone["data"]["tendered"]) == ("wrong meter", 1000)
    stored = " ".join(row.body for row in messages(station))
    for sale in (voided, sold, *sent, last):
        assert sale.digits not in stored


def test_an_event_that_is_rolled_back_has_no_message(station):
    register(station)
    with pytest.raises(ZeroDivisionError), station.work("test") as work:
        sell_many(work, [Purchase("web", "a", drn(3), money=1000)])
        raise ZeroDivisionError
    assert messages(station) == []


def test_only_the_events_that_it_is_registered_for(station):
    register(station, events=["sale.voided"])
    buy(station, "a", disclosed=False)
    assert messages(station) == []
    do(station, void, "web", "a", "wrong")
    assert len(messages(station)) == 1


def test_a_station_without_webhooks_reads_them_once_a_second(station, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(station.hooks, "_monotonic", lambda: now[0])
    buy(station, "a")
    with station.view() as view:  # as another process does
        secret = view.tenant.name.encode()
    with station.work("test") as work:
        row = {"hook": "h", "url": URL, "events": '["sale.made"]', "secret": secret}
        work.session.add(Webhook(tenant_id=1, active=True, created_at=work.now(), **row))
    buy(station, "b")
    assert messages(station) == []
    now[0] = 1.0
    buy(station, "c")
    assert [body["data"]["client_id"] for body in events(station)] == ["c"]


def test_a_message_is_signed_and_has_its_id(station):
    secret = register(station)
    buy(station, "a")
    receiver = Receiver(204)
    assert rounds(station, receiver) == 1 and rounds(station, receiver) == 0
    ((url, headers, body),) = receiver.got
    (row,) = messages(station)
    assert url == URL and headers["webhook-id"] == row.message == json.loads(body)["id"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{row.message}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(station.clock().timestamp()))
    assert (row.state, row.status, row.attempts, row.reason) == ("delivered", 204, 1, None)


def test_the_published_example_of_the_signature():
    """The example of the reference implementation of Standard Webhooks."""
    found = signature.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_failure_is_repeated_by_the_table_and_then_shown(station):
    register(station)
    buy(station, "a")
    receiver = Receiver(500, NotSent("It cannot be reached: no route."), 302)
    for delay in sending.DELAYS:
        assert rounds(station, receiver) == 1
        station.clock.now += delay
        station.clock.forward(seconds=-1)
        assert rounds(station, receiver) == 0
        station.clock.forward(seconds=1)
    (row,) = messages(station, state="waiting")
    assert (row.status, row.reason) == (302, "It answered with the status 302.")
    assert rounds(station, receiver) == 1
    (row,) = messages(station, state="failed")
    assert row.attempts == sending.ATTEMPTS == len(receiver.got)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    (hook,) = see(station, service.hooks)
    assert (hook.waiting, hook.failed) == (0, 1)
    do(station, service.again, row.message)
    assert rounds(station, Receiver(200)) == 1
    assert messages(station)[0].state == "delivered"


def test_two_workers_do_not_send_to_one_webhook(station):
    register(station)
    for number in range(3):
        buy(station, f"s{number}")
    with station.work("one") as work:
        (first,) = sending.claim(work, most=2)
        if isinstance(station.database, PostgresDatabase):  # at the same time
            with Station.open(station.state_dir, clock=station.clock) as other:
                assert do(other, sending.claim) == []
    assert len(first) == 2 and do(station, sending.claim) == []
    for one in first:
        do(station, sending.record, one, 200, None)
    ((last,),) = do(station, sending.claim)
    station.clock.now += sending.CLAIMED  # the worker that claimed it ended
    ((again,),) = do(station, sending.claim)
    assert again.message == last.message and last not in first


class OneWaits:
    """The receiver slow.example answers when the other one has this many messages."""

    def __init__(self, count):
        self.count, self.got, self.enough = count, [], asyncio.Event()
        self.answered = asyncio.Event()

    async def __call__(self, url, headers, body):
        if "slow" in url:
            await self.enough.wait()
            self.answered.set()
        else:
            self.got.append(json.loads(body)["data"]["client_id"])
            if len(self.got) == self.count:
                self.enough.set()
        return 200


def test_no_receiver_waits_for_another_one(station):
    register(station, "slow", url="https://slow.example/")
    register(station)
    sold = [f"s{number}" for number in range(sending.TOGETHER + 4)]
    for name in sold:
        buy(station, name)

    async def send():
        receiver = OneWaits(len(sold))
        task = asyncio.create_task(Sender(station, receiver).run())
        try:
            await asyncio.wait_for(receiver.answered.wait(), 20)
        finally:
            task.cancel()
            await asyncio.wait([task])
        return receiver.got

    assert asyncio.run(send()) == sold


def test_a_slow_receiver_gets_one_message_after_another(station):
    register(station)
    for number in range(3):
        buy(station, f"s{number}")
    got = []

    async def slow(url, headers, body):
        got.append(json.loads(body)["data"]["client_id"])
        station.clock.forward(seconds=6)
        return 200

    for count in (3, 2, 1, 0):
        assert asyncio.run(Sender(station, slow).round()) == count
    assert got == ["s0", "s1", "s2"]
    assert {(row.state, row.attempts) for row in messages(station)} == {("delivered", 1)}


def test_a_stopped_webhook_gets_nothing(station):
    register(station)
    buy(station, "a")
    do(station, service.change, "shop", active=False)
    buy(station, "b")
    assert rounds(station, Receiver(200)) == 0
    (row,) = messages(station)
    assert (row.state, row.reason) == ("failed", "The webhook was stopped.")
    with pytest.raises(TjugoError, match="is stopped"):
        do(station, service.again, row.message)
    do(station, service.change, "shop", active=True, events=["sale.made"])
    buy(station, "c")
    assert rounds(station, Receiver(200)) == 1


def test_old_messages_are_removed(station):
    register(station)
    buy(station, "a")
    rounds(station, Receiver(200))
    station.clock.now += sending.KEPT
    assert do(station, sending.purge) == 0
    buy(station, "b")
    assert do(station, sending.purge) == 1
    assert [row.state for row in messages(station)] == ["waiting"]


def test_the_secret_is_sealed(station):
    secret = register(station)
    row = see(station, lambda view: view.session.get(Webhook, (1, "shop")))
    assert secret.encode() not in row.secret
    assert base64.b64decode(secret.removeprefix("whsec_")) not in row.secret
    assert secret not in json.dumps([vars(one) for one in see(station, service.hooks)])
    with pytest.raises(TjugoError, match="24 to 64 bytes"):
        do(station, service.renew, station.state_dir, "shop", "whsec_short")
    assert do(station, service.renew, station.state_dir, "shop") != secret


@pytest.mark.parametrize(
    "url",
    [
        *("http://shop.example/", "ftp://127.0.0.1/", "https://", "https://a b/", "https://x:0/"),
        *("https://me:pw@shop.example/", "https://shop.example/#x", "https://é.example/", "x"),
        *("https://shop.example/\r\nx: y", "https://[::1", "https://a/" + "x" * 400),
        *("http://127.0.0.1.shop.example/", "https://shop.example:99999/"),
    ],
)
def test_addresses_that_are_not_taken(url):
    with pytest.raises(TjugoError) as caught:
        checked_url(url)
    assert caught.value.code == "webhook_invalid"


@pytest.mark.parametrize("url", ["http://[::1]:80/x?y", "http://localhost/", "https://x.y:8443"])
def test_addresses_that_are_taken(url):
    assert checked_url(f" {url} ") == url


async def _against(answer, timeout_s=5.0):
    """Post to a server that answers with these bytes; return the result and what it received."""
    got = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got.append((head, await reader.readexactly(length)))
        if answer is None:
            await reader.read()  # until the sender gives up
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/hook?a=1"
        try:
            return await post(url, {"webhook-id": "x"}, "é".encode(), timeout_s), got
        except NotSent as error:
            return str(error), got


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 100 Continue\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\n\r\n", 301),
        (b"SSH-2.0-x\r\n", "The answer is not HTTP."),
        (b"x" * 100_000, "The answer is not HTTP."),
        (b"", "The answer is not HTTP."),
    ],
)
def test_one_request_and_its_status(answer, result):
    found, (request,) = asyncio.run(_against(answer))
    assert found == result
    assert request[0].startswith(b"POST /hook?a=1 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert request[1] == "é".encode()


def test_a_receiver_that_does_not_answer():
    found, _ = asyncio.run(_against(None, 0.05))
    assert found == "There was no answer in 0.05 seconds."


def test_nobody_listens():
    with pytest.raises(NotSent, match="cannot be reached"):
        asyncio.run(post("http://127.0.0.1:1/", {}, b""))


def test_the_page(station):
    with client(station) as web:
        made = web.post(
            "/webhooks", data={"hook": "shop", "url": URL, "event_sale.made": "1"}, headers=HTML
        )
        assert 'data-testid="secret">whsec_' in made.text
        assert made.headers["cache-control"] == "no-store"
        buy(station, "a")
        receiver = Receiver(500)
        for delay in (*sending.DELAYS, sending.DELAYS[0]):
            rounds(station, receiver)
            station.clock.now += delay
        shown = web.get("/webhooks?state=failed", headers=HTML).text
        assert "It answered with the status 500." in shown and "whsec_" not in shown
        (row,) = messages(station)
        assert web.post(f"/webhook-messages/{row.message}", headers=HTML).status_code == 303
        assert web.post(f"/webhook-messages/{row.message}", headers=HTML).status_code == 409
        for path in ("test", "active", "secret"):
            assert web.post(f"/webhooks/shop/{path}", headers=HTML).status_code in (200, 303)
        assert "stopped" in web.get("/webhooks", headers=HTML).text
        wrong = web.post("/webhooks", data={"hook": "x y", "url": URL}, headers=HTML)
        assert wrong.status_code == 400 and 'value="x y"' in wrong.text


def test_the_requests(station):
    with client(station) as web:
        body = {"hook": "shop", "url": URL, "events": ["sale.made"]}
        made = web.post("/api/v1/webhooks", json=body)
        assert made.json()["secret"].startswith("whsec_")
        assert web.post("/api/v1/webhooks", json=body).json()["code"] == "webhook_exists"
        (listed,) = web.get("/api/v1/webhooks").json()
        assert (listed["url"], listed["active"], "secret" in listed) == (URL, True, False)
        renewed = web.post("/api/v1/webhooks/shop/secret", json={})
        assert renewed.json()["secret"] != made.json()["secret"]
        assert web.post("/api/v1/webhooks/shop/test").json()["waiting"] == 1
        (row,) = web.get("/api/v1/webhook-messages?hook=shop").json()["items"]
        assert row["event"] == "webhook.test"
        retried = web.post(f"/api/v1/webhook-messages/{row['message']}:retry")
        assert retried.json()["code"] == "webhook_message_open"
        changed = web.patch("/api/v1/webhooks/shop", json={"active": False})
        assert (changed.json()["active"], changed.json()["failed"]) == (False, 1)
        assert web.post("/api/v1/webhooks/shop/test").json()["code"] == "webhook_stopped"
        assert web.patch("/api/v1/webhooks/none", json={}).status_code == 404


def test_the_page_of_the_documentation(repo, tmp_path, monkeypatch, capsys):
    """Its commands, its table of events and its delays; its function takes what the station sends
    and nothing else."""
    text = (repo / "docs/webhooks.md").read_text()
    for event, title in outbox.EVENTS.items():
        assert f"| `{event}` | {title} |" in text
    names = {10: "10 s", 60: "1 min", 300: "5 min", 1800: "30 min"}
    delays = [int(delay.total_seconds()) for delay in sending.DELAYS]
    words = [names.get(delay) or f"{delay // 3600} h" for delay in delays]
    assert f"{', '.join(words[:-1])} and {words[-1]}" in text
    shell, alike = (
        Shell(tmp_path / "state", monkeypatch, capsys),
        re.compile(r"whsec_\S+|[0-9a-f-]{36}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    )
    shell.fine("init")
    (block,) = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        done = shell.fine(*shlex.split(command)[1:])
        assert alike.sub("<>", done) == alike.sub("<>", printed), command
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    found = {}
    exec(code, found)
    secret, body = signature.new_secret(), b'{"a":1}'
    headers = signature.headers(secret, "m", 1000, body)
    genuine = found["genuine"]
    assert genuine(secret, headers, body, 1299)
    assert not genuine(secret, headers, body, 1300)
    assert not genuine(secret, headers, body + b" ", 1000)
    assert not genuine(signature.new_secret(), headers, body, 1000)
    assert not genuine(secret, {**headers, "webhook-id": "n"}, body, 1000)
