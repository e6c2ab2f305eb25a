"""Questions to name servers and their answers (RFC 1035, RFC 3596), without I/O.

Bounded: a message has at most 512 bytes, a compression pointer leads backwards only, and at most
eight addresses are kept. "clause" below is a clause of RFC 1035.
"""

import struct

A = 1
AAAA = 28

MAX_MESSAGE = 512  # bytes, clause 2.3.4
PORT = 53
MAX_ADDRESSES = 8

_MDNS = ("224.0.0.251", 5353)  # RFC 6762: names under .local are asked of the neighbours
_LOOPBACKS = ["127.0.0.1", "::1"]
_MAX_NAME = 253
_MAX_SERVERS = 3
_MAX_TTL_S = 604800
_CNAME = 5
_IN = 1
_RECURSION = 0x0100
_REPLY = 0x8000
_OPCODE = 0x7800
_RCODES = {1: "format error", 2: "server failure", 4: "not implemented", 5: "refused"}
_NO_NAME = 3
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_"


class DnsError(Exception):
    """The message is not an answer to this question, or the server could not answer it."""


class NoSuchName(Exception):
    """A server answered that the name does not exist."""


def is_address(host):
    """Return True if `host` is an IPv4 or IPv6 address and needs no look-up."""
    return ":" in host or _ipv4(host) is not None


def is_group(address):
    """Return True for the address of a group, whose members answer with their own."""
    return address == _MDNS[0]


def _ipv4(text):
    parts = text.split(".")
    if len(parts) != 4 or not all(_is_number(part) and int(part) < 256 for part in parts):
        return None
    return bytes([int(part) for part in parts])


def _is_number(text):
    return 0 < len(text) < 6 and all("0" <= char <= "9" for char in text)


def known(host):
    """Return the addresses of a host that no server is asked for, or []."""
    if is_address(host):
        return [host]
    return list(_LOOPBACKS) if _normal(host) == "localhost" else []


def endpoint(text):
    """Return (address, port) of a name server "ADDRESS" or "IPV4:PORT". Raise ValueError."""
    if not isinstance(text, str):
        raise ValueError("a name server is an address such as 192.168.1.1")
    address, _, port = text.partition(":")
    if _ipv4(address) is not None and not port and text == address:
        return text, PORT
    if _ipv4(address) is not None and _is_number(port) and 0 < int(port) < 65536:
        return address, int(port)
    if _ipv4(address) is None and text.count(":") > 1:
        return text, PORT
    raise ValueError(f"{text} is not the address of a name server")


def servers_of(settings):
    """Return the name servers that the settings name, a list of texts. Raise ValueError."""
    servers = settings.get("dns", [])
    if not isinstance(servers, list) or len(servers) > _MAX_SERVERS:
        raise ValueError(f"dns must be a list of up to {_MAX_SERVERS} addresses of name servers")
    for server in servers:
        endpoint(server)
    return servers


def servers_for(name, servers):
    """Return the endpoints [(address, port)] to ask for `name`; servers: texts.

    What a network gives and is no address is left out.
    """
    if _normal(name).endswith(".local"):
        return [_MDNS]
    found = []
    for server in servers:
        try:
            found.append(endpoint(server))
        except ValueError:
            continue
    return found[:_MAX_SERVERS]


def _normal(name):
    return name.lower()[:-1] if name.endswith(".") else name.lower()


def query(name, kind, ref):
    """Return a question for the addresses of `name`. kind: A or AAAA; ref: 0..65535.

    Raise ValueError if the name cannot be one (clause 2.3.1).
    """
    labels = _normal(name).split(".")
    if len(name) > _MAX_NAME or not all(0 < len(label) < 64 for label in labels):
        raise ValueError(f"{name} is not a host name")
    out = struct.pack(">HHHHHH", ref, _RECURSION, 1, 0, 0, 0)
    for label in labels:
        if not all(char in _CHARACTERS for char in label):
            raise ValueError(f"{name} is not a host name")
        out += bytes((len(label),)) + label.encode()
    return out + b"\0" + struct.pack(">HH", kind, _IN)


def parse(message, name, kind, ref):
    """Return (addresses, ttl_s) from the answer to a question; no address: ([], 0).

    Raise NoSuchName, or DnsError for what is not an answer to this question.
    """
    if not 12 <= len(message) <= MAX_MESSAGE:
        raise DnsError("not a reply of a name server")
    found_ref, flags, questions, answers = struct.unpack_from(">HHHH", message, 0)
    if found_ref != ref or not flags & _REPLY or flags & _OPCODE or questions != 1:
        raise DnsError("not the reply to this question")
    try:
        asked, at = _name(message, 12)
        if at + 4 > len(message):
            raise IndexError
        if (asked, struct.unpack_from(">HH", message, at)) != (_normal(name), (kind, _IN)):
            raise DnsError("the reply to another question")
        _check(name, flags & 15)
        return _addresses(message, at + 4, answers, asked, kind)
    except (IndexError, ValueError):
        raise DnsError("malformed reply of a name server")


def _check(name, code):
    if code == _NO_NAME:
        raise NoSuchName(f"no host has the name {name}")
    if code:
        raise DnsError("name server: " + _RCODES.get(code, str(code)))


def _addresses(message, at, answers, name, kind):
    """Follow the aliases (CNAME) that stand before their target, as servers send them."""
    found: list[str] = []
    ttl_s = _MAX_TTL_S
    for _ in range(answers):
        owner, at = _name(message, at)
        if at + 10 > len(message):
            raise IndexError
        row_kind, row_class, row_ttl, size = struct.unpack_from(">HHIH", message, at)
        at += 10
        if at + size > len(message):
            raise IndexError
        if owner == name and row_class == _IN and row_kind in (kind, _CNAME):
            ttl_s = min(ttl_s, row_ttl & 0x7FFFFFFF)
            if row_kind == _CNAME:
                name = _name(message, at)[0]
            elif len(found) < MAX_ADDRESSES:
                found.append(_text(message[at : at + size], kind))
        at += size
    return (found, ttl_s) if found else ([], 0)


def _text(raw, kind):
    if len(raw) != (4 if kind == A else 16):
        raise ValueError
    if kind == A:
        return ".".join(str(byte) for byte in raw)
    return ":".join("%x" % part for part in struct.unpack(">8H", raw))


def _name(message, at):
    """Return (name in small letters, position behind it). Raise IndexError, ValueError."""
    labels: list[str] = []
    end = 0  # behind the first pointer, 0 while there was none
    lowest = at
    while True:
        size = message[at]
        if size >= 0xC0:  # a pointer (clause 4.1.4); only backwards, so it ends
            target = (size & 0x3F) << 8 | message[at + 1]
            end = end or at + 2
            if target >= lowest:
                raise ValueError
            at = lowest = target
        elif size > 63 or len(labels) > 127:
            raise ValueError
        elif size:
            if at + 1 + size > len(message):
                raise IndexError
            labels.append(str(bytes(message[at + 1 : at + 1 + size]), "ascii").lower())
            at += 1 + size
        else:
            return ".".join(labels), end or at + 1
