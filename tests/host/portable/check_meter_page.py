"""The meter's own page without sockets: what it shows, and which tokens it takes from whom."""

from meter_rig import meter, press, reading, settings, token
from page_rig import HOST, get, post, received

from meter.local.site import Site
from meter.local.start import Local
from sts_portable import results


class Browser:
    """A site and a meter."""

    def __init__(self, **changes):
        self.meter = meter(features="core", **changes)
        self.site = Site(self.meter, "meter.lan")

    def ask(self, data, step=64):
        """Return (status, head, body) of the answer."""
        request = received(data, step)
        assert request.done
        answer = b"".join([piece() for piece in self.site.answer(request)])
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head[9:12]), str(head, "utf-8"), str(body, "utf-8")

    def enter(self, digits):
        """Send the form and follow its redirection; return the page."""
        self.site.entry.tick(1000)
        status, head, _ = self.ask(post(b"token=" + digits.encode()))
        self.site.entry.work()
        assert status == 303, head
        at = head.find("Location: ") + len("Location: ")
        place = head[at:].split("\r\n")[0]
        return self.ask(get(place.encode()))[2]


def test_only_calls_by_a_name_of_this_meter_are_answered():
    browser = Browser()
    assert browser.ask(get(host=b"evil.example"))[0] == 403
    assert browser.ask(post(b"token=1", b"http://evil.example", b"evil.example"))[0] == 403


def test_the_page_has_the_state_and_the_readings():
    browser = Browser(language="fr")
    status, head, page = browser.ask(get())
    assert status == 200 and "charset=utf-8" in head and "frame-ancestors 'none'" in head
    assert '<html lang="fr">' in page and "Crédit" in page and "Sans crédit" in page
    assert page.count("---") == 3, "power, voltage and current are not measured yet"
    browser.meter.sensed(reading(mv=231000, ma=1500, w_x10=3450), 0, True)
    page = browser.ask(get())[2]
    assert "<td>231.0 V" in page and "<td>345 W" in page and "<td>1.5 A" in page
    assert "Unknown" not in page and len(page) < 2000


def test_a_token_is_credited_once():
    browser = Browser()
    one = token(200, 0)
    spaced = "+".join([one[at : at + 4] for at in range(0, 20, 4)])
    page = browser.enter(spaced)
    assert "<b>Accepted</b> +20.0 kWh" in page and "20.000 kWh" in page
    page = browser.enter(one)
    assert "<b>Used</b>" in page and browser.meter.account.credit == 20000
    assert "<b>Used</b>" not in browser.ask(get())[2], "only who sent the form gets its result"
    assert "<b>Used</b>" not in browser.ask(get(b"/?n=1"))[2], "of an earlier token"


def test_what_is_no_token_reaches_nothing():
    browser = Browser(language="es")
    sequence = browser.meter.events.sequence
    for text in ("", "123", "x" * 20, "1" * 21):
        assert "<b>No es código</b> 20 dígitos" in browser.enter(text)
    assert browser.meter.events.sequence == sequence
    assert not any(browser.meter.lockout.wrong)


def test_the_lock_is_one_for_page_and_bus_and_another_for_the_key_pad():
    browser = Browser()
    device = browser.meter
    other = bytes(8)
    assert "<b>Wrong token</b> CRCError" in browser.enter(token(10, 1, other))
    browser.enter(token(10, 2, other))
    assert device.enter_token(token(10, 3, other), 7) == results.CRC_ERROR
    browser.enter(token(10, 4, other))
    assert device.lockout.wait_s() == 10
    page = browser.enter(token(10, 4))
    assert "<b>Locked</b> Wait 10 s" in page and device.account.credit == 0
    device.elapsed(0, 10000)
    browser.enter(token(10, 4))
    assert device.account.credit == 1000
    for number in range(5, 9):
        browser.enter(token(10, number, other))
    assert device.enter_token(token(10, 8), 8) == results.LOCKOUT_ERROR
    press(device, token(10, 8) + "#")
    assert device.account.credit == 2000


def test_a_form_from_elsewhere_is_refused():
    browser = Browser()
    work = browser.site.entry.work
    good = b"token=" + token(10, 0).encode()
    for origin in (
        None,
        b"null",
        b"",
        b"http://evil.example",
        b"https://" + HOST,
        b"http://" + HOST + b":81",
    ):
        assert browser.ask(post(good, origin))[0] == 403, origin
    assert browser.ask(get(b"/token?" + good))[0] == 405
    assert browser.ask(post(good, path=b"/"))[0] == 405
    assert browser.meter.account.credit == 0
    assert browser.ask(post(good))[0] == 303
    assert browser.ask(post(good))[0] == 503, "the token waits"
    work()
    assert browser.ask(post(good))[0] == 503, "at most one in a second"
    assert browser.meter.account.credit == 1000


def test_no_path_leads_to_a_key():
    browser = Browser()
    secret = settings()["key"]
    for path in (
        b"/settings.json",
        b"/../settings.json",
        b"/%2e%2e/settings.json",
        b"//settings.json",
        b"/lib",
        b"/?key",
        b"/token",
        b"/favicon.ico",
    ):
        status, head, body = browser.ask(get(path))
        assert status in (200, 404, 405), path
        assert secret not in (head + body).lower() and "key" not in body.lower()


def test_a_meter_that_cannot_take_tokens_says_so():
    browser = Browser(address=0)
    page = browser.enter(token(10, 0))
    assert "<b>Token not taken</b> Not set up" in page


class Net:
    """A board with a network that is not there yet."""

    def __init__(self):
        self.net = self
        self.asked = 0

    def up(self):
        self.asked += 1
        return False


class Broken:
    """A part with an error."""

    closed = worked = 0

    def tick(self, _ms, _up):
        raise IndexError("here")

    def work(self):
        self.worked += 1

    def close(self):
        self.closed += 1


def test_an_error_in_a_part_does_not_end_the_meter():
    board = Net()
    local = Local(meter(features="core"), board, {"page": {}})
    part = Broken()
    local._parts.insert(0, part)
    for _ in range(50):
        local.tick(20)
    assert part.closed == part.worked == 50 and "here" in local.fault
    assert board.asked == 3, "at the start and twice a second"
    off = Local(meter(features="core"), board, {"page": {"port": "x"}})
    off.tick(20)
    assert off.wrong == "page.port"
