"""Name look-up: messages, hostile messages, servers that are silent. No network."""

import struct

from runtime import dns
from runtime.resolver import LookupFailed, Resolver

NAME = "broker.example.org"
HEAD = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0)
QUESTION = b"\x06broker\x07example\x03org\x00"
TYPED = QUESTION + b"\x00\x01\x00\x01"


def row(owner, kind, data, ttl_s=60):
    return owner + struct.pack(">HHIH", kind, 1, ttl_s, len(data)) + data


def reply(*rows, ref=7, flags=0x8180, kind=dns.A):
    head = struct.pack(">HHHHHH", ref, flags, 1, len(rows), 0, 0)
    return head + QUESTION + struct.pack(">HH", kind, 1) + b"".join(rows)


def error_of(call, *args):
    try:
        call(*args)
    except Exception as error:
        return type(error).__name__, str(error)
    return None


def test_a_question_is_that_of_the_standard():
    asked = dns.query(NAME, dns.A, 0x1234)
    assert asked == b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + TYPED
    assert dns.query("BROKER.example.org.", dns.AAAA, 1)[12:] == QUESTION + b"\x00\x1c\x00\x01"


def test_names_that_cannot_be_asked():
    for name in ("", ".", "a..b", "a b", "x" * 64, "a." * 127 + "b", "b\xfccher.de", "a\0b"):
        assert error_of(dns.query, name, dns.A, 1)[0] == "ValueError", name


def test_addresses_and_the_shortest_life():
    rows = (
        row(b"\xc0\x0c", dns.A, b"\xc0\xa8\x01\x05"),
        row(b"\xc0\x0c", dns.A, b"\x0a\0\0\1", 9),
    )
    assert dns.parse(reply(*rows), NAME, dns.A, 7) == (["192.168.1.5", "10.0.0.1"], 9)
    six = row(QUESTION, dns.AAAA, b"\x20\x01" + bytes(13) + b"\x01")
    found = dns.parse(reply(six, kind=dns.AAAA), NAME, dns.AAAA, 7)
    assert found == (["2001:0:0:0:0:0:0:1"], 60)


def test_an_alias_is_followed():
    alias = row(b"\xc0\x0c", 5, b"\x02mq\xc0\x13", 30)
    other = row(b"\x05other\x00", dns.A, b"\x01\x01\x01\x01", 1)
    target = row(b"\x02MQ\xc0\x13", dns.A, b"\x0a\0\0\2", 99)
    assert dns.parse(reply(alias, other, target), NAME, dns.A, 7) == (["10.0.0.2"], 30)
    assert dns.parse(reply(other), NAME, dns.A, 7) == ([], 0)
    assert dns.parse(reply(), NAME, dns.A, 7) == ([], 0)


def test_many_addresses_are_cut():
    rows = [row(b"\xc0\x0c", dns.A, bytes((10, 0, 0, i))) for i in range(20)]
    assert len(dns.parse(reply(*rows), NAME, dns.A, 7)[0]) == dns.MAX_ADDRESSES


def test_what_is_not_an_answer_to_this_question():
    good = reply(row(b"\xc0\x0c", dns.A, b"\x0a\0\0\1"))
    for wrong in (
        b"",
        good[:11],
        bytes(600),
        b"\x00\x08" + good[2:],  # another reference
        good[:2] + b"\x01" + good[3:],  # a question
        good[:2] + b"\x89" + good[3:],  # another operation
        good[:13] + b"x" + good[14:],  # another name
        reply(kind=dns.AAAA),
        reply(flags=0x8182),
        reply(flags=0x8185),
        reply(row(b"\xc0\x0c", dns.A, b"\x0a\0\0")),
        reply(row(b"\xc0\x0c", dns.A, b"\x0a\0\0\1"))[:-1],
        reply(row(b"\xc0\xff", dns.A, b"\x0a\0\0\1")),  # a pointer forwards
        reply(row(b"\xc0\x2a", dns.A, b"\x0a\0\0\1")),  # and at itself
        reply(row(b"\x80", dns.A, b"\x0a\0\0\1")),
        good[:6] + b"\xff\xff" + good[8:],  # fewer answers than announced
    ):
        assert error_of(dns.parse, wrong, NAME, dns.A, 7)[0] == "DnsError", wrong
    assert error_of(dns.parse, reply(flags=0x8183), NAME, dns.A, 7) == (
        "NoSuchName",
        f"no host has the name {NAME}",
    )


def test_damaged_messages_never_raise_anything_else():
    good = reply(row(b"\xc0\x0c", 5, b"\x02mq\xc0\x13"), row(b"\x02mq\xc0\x13", 1, b"\x0a\0\0\2"))
    state = 5
    for _ in range(4000):
        data = bytearray(good)
        for _ in range(1 + state % 4):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data[2 + (state >> 8) % (len(data) - 2)] = (state >> 16) & 0xFF
        found = error_of(dns.parse, bytes(data[: len(data) - state % 3]), NAME, dns.A, 7)
        assert found is None or found[0] in ("DnsError", "NoSuchName"), found


def test_addresses_need_no_server():
    for host in ("127.0.0.1", "255.255.255.255", "::1", "fe80::1"):
        assert dns.is_address(host) and dns.known(host) == [host]
    for host in ("1.2.3", "1.2.3.256", "1.2.3.4.5", "a.b.c.d", "broker"):
        assert not dns.is_address(host) and dns.known(host) == []
    assert dns.known("localhost") == dns.known("LocalHost.") == ["127.0.0.1", "::1"]


def test_name_servers_of_the_settings():
    assert dns.servers_of({}) == []
    assert dns.servers_of({"dns": ["10.0.0.1", "::1"]}) == ["10.0.0.1", "::1"]
    assert dns.servers_for("a.b", ["10.0.0.1", "10.0.0.1:5353", "fe80::1"]) == [
        ("10.0.0.1", 53),
        ("10.0.0.1", 5353),
        ("fe80::1", 53),
    ]
    many = ["wrong", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]
    assert [address for address, _ in dns.servers_for("a.b", many)] == many[1:4]
    assert dns.servers_for("Printer.Local.", ["10.0.0.1"]) == [("224.0.0.251", 5353)]
    for wrong in ("10.0.0.1", [5], ["name"], ["10.0.0.1:0"], ["10.0.0.1:x"], ["1.2.3.4"] * 4):
        assert error_of(dns.servers_of, {"dns": wrong})[0] == "ValueError", wrong


class Net:
    """A board's network. `silent`, `refusing`: addresses of servers; `zone`: {(name, kind)}."""

    def __init__(self, servers=("10.0.0.1", "10.0.0.2")):
        self.servers = list(servers)
        self.silent = set()
        self.refusing = set()
        self.zone = {dns.A: b"\x0a\0\0\5"}
        self.flags = 0x8180
        self.asked = []
        self.open = 0

    def dns(self):
        return self.servers

    def hosts(self, name):
        return ["10.9.9.9"] if name == "gateway" else []

    def socket(self, address, port):
        assert port == 53
        return Socket(self, address)


class Socket:
    def __init__(self, net, address):
        self._net = net
        self._address = address
        self._replies = []
        net.open += 1

    def send(self, data):
        net = self._net
        net.asked.append(self._address)
        if self._address in net.silent:
            return
        kind = data[-3]
        rows = [row(b"\xc0\x0c", kind, net.zone[kind])] if kind in net.zone else []
        rest = struct.pack(">HHHHH", net.flags, 1, len(rows), 0, 0) + data[12:] + b"".join(rows)
        forged = bytes((data[0] ^ 0x80, data[1]))
        self._replies += [forged + rest, data[:2] + rest]

    def recv(self, _size):
        if self._address in self._net.refusing:
            raise OSError(111, "refused")
        if not self._replies:
            raise OSError(11, "nothing yet")
        return self._replies.pop(0)

    def close(self):
        self._net.open -= 1


def identifier(count):
    """Return bytes in place of random ones, which not every board has."""
    return bytes((0x12, 0x34))[:count]


def resolver_for(host, net, servers=()):
    return Resolver(host, net, servers, net.socket, identifier)


def resolve(resolver, ms=60000):
    """Return (the result of `step` or the error's text, the elapsed ms)."""
    for passed in range(0, ms, 100):
        try:
            found = resolver.step()
        except LookupFailed as error:
            return str(error), passed
        if found is not None:
            return found, passed
        resolver.elapsed(100)
    raise AssertionError("no end")


def test_a_name_is_looked_up_once_and_kept_as_long_as_it_may_be():
    net = Net()
    resolver = resolver_for(NAME, net)
    assert resolve(resolver) == (["10.0.0.5"], 100)
    assert net.asked == ["10.0.0.1"] * 2 and net.open == 0
    resolver.elapsed(59999)
    assert resolve(resolver) == (["10.0.0.5"], 0)
    assert len(net.asked) == 2
    net.zone[dns.AAAA] = bytes(15) + b"\x01"
    resolver.elapsed(1)
    assert resolve(resolver)[0] == ["10.0.0.5", "0:0:0:0:0:0:0:1"]
    resolver.doubt()
    net.zone[dns.A] = b"\x0a\0\0\6"
    assert resolve(resolver)[0][0] == "10.0.0.6"


def test_a_silent_server_is_passed_over():
    net = Net()
    net.silent.add("10.0.0.1")
    assert resolve(resolver_for(NAME, net)) == (["10.0.0.5"], 2100)
    net.silent.clear()
    net.refusing.add("10.0.0.1")
    assert resolve(resolver_for(NAME, net)) == (["10.0.0.5"], 200)


def test_silent_servers_end_the_look_up_and_the_old_address_is_used():
    net = Net()
    net.silent.update(net.servers)
    resolver = resolver_for(NAME, net)
    assert resolve(resolver) == (f"no name server answers for {NAME}", 8000)
    net.silent.clear()
    assert resolve(resolver) == (["10.0.0.5"], 100)
    net.silent.update(net.servers)
    resolver.elapsed(3600000)
    assert resolve(resolver) == (["10.0.0.5"], 8000)
    assert net.open == 0


def test_a_server_that_fails_is_not_believed_and_one_that_denies_is():
    net = Net()
    net.flags = 0x8182
    resolver = resolver_for(NAME, net)
    assert resolve(resolver)[0] == f"name server: server failure for {NAME}"
    net.flags = 0x8183
    assert resolve(resolver)[0] == f"no host has the name {NAME}"
    net.flags, net.zone = 0x8180, {}
    assert resolve(resolver)[0] == f"the name {NAME} has no address"


def test_what_needs_no_server():
    net = Net([])
    for host, found in (("::1", ["::1"]), ("gateway", ["10.9.9.9"])):
        assert resolver_for(host, net).step() == found
    assert "no name server" in resolve(resolver_for(NAME, net))[0]
    net = Net()
    assert "not a host name" in resolve(resolver_for("a b", net))[0]
    assert net.asked == []
    named = resolver_for(NAME, net, ["10.0.0.9"])
    assert resolve(named)[0] == ["10.0.0.5"]
    assert set(net.asked) == {"10.0.0.9"}
