"""MQTT 3.1.1 client without I/O: bytes in, events out, elapsed milliseconds as an argument.

Enough of the OASIS standard (MQTT 3.1.1, 29 October 2014) for a board: clean session, will,
QoS 0 and 1 both ways, one QoS 1 publish in flight. "clause" below is a clause of that standard.

The session is always clean: what the broker would keep for an absent client would only grow,
and both ends repeat at application level whatever was not answered.
"""

import struct

from .packets import field, packet

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_CONNECT = const(0x10)
_CONNACK = const(2)
_PUBLISH = const(3)
_PUBACK = const(4)
_SUBSCRIBE = const(0x82)
_SUBACK = const(9)
_PINGRESP = const(13)
_PINGREQ = const(0xC0)
_DISCONNECT = const(0xE0)

# What may come from the broker: packet type -> length of its body (clauses 3.2 to 3.13).
# One filter to a SUBSCRIBE, so one return code in a SUBACK. PUBLISH has a length of its own.
_BODY = {_CONNACK: 2, _PUBACK: 2, _SUBACK: 3, _PINGRESP: 0}

# Clause 3.2.2.3
_REFUSALS = (
    "",
    "the broker does not speak MQTT 3.1.1",
    "the broker refuses this client id",
    "the broker is not available",
    "wrong user name or password",
    "not authorised",
)

_ANSWER_MS = const(15000)  # a broker that takes longer than this to answer anything is gone

# Kinds of event, the first element of each tuple that `receive` returns
CONNECTED = "connected"  # (CONNECTED,)
SUBSCRIBED = "subscribed"  # (SUBSCRIBED, packet id)
PUBLISHED = "published"  # (PUBLISHED, packet id): the broker has our message
MESSAGE = "message"  # (MESSAGE, topic or "", payload or None, packet id or 0, retained)


class MqttError(Exception):
    """The connection cannot go on: malformed packet, refusal, or a silent broker."""


class Client:
    """One client. After any MqttError close the connection and start again with `connect`."""

    def __init__(
        self, client_id, user=None, password=None, will=None, keepalive_s=60, max_packet=1024
    ):
        """will: (topic, payload), sent retained with QoS 1. max_packet: bytes of body kept."""
        self._connect = (client_id, user, password, will)
        self._keepalive_ms = keepalive_s * 1000
        self._body = bytearray(max_packet)
        self._last_id = 0
        self._reset("closed")

    def _reset(self, state):
        self.state = state  # closed, connecting, up
        self.awaiting = 0  # packet id of the publish in flight, 0 none
        self._subscribing = 0
        self._head = 0  # first byte of the packet being received, 0 none yet
        self._shift = 0  # position of the next length byte; -1 when the length is complete
        self._size = 0
        self._got = 0
        self._pid = 0  # packet id of the PUBLISH being received
        self._out_ms = 0  # since the last packet sent
        self._wait_ms = -1  # since an answer fell due, -1 none is
        self._ping_ms = -1

    def connect(self):
        """Return the CONNECT packet (clause 3.1), and begin a new connection."""
        client_id, user, password, will = self._connect
        flags = 0x02
        parts = [field(client_id)]
        if will is not None:
            flags |= 0x2C  # will, will QoS 1, will retained
            parts += [field(will[0]), field(will[1])]
        if user is not None:
            flags |= 0x80
            parts.append(field(user))
            if password is not None:
                flags |= 0x40
                parts.append(field(password))
        self._reset("connecting")
        self._wait_ms = 0
        start = b"\x00\x04MQTT" + struct.pack(">BBH", 4, flags, self._keepalive_ms // 1000)
        return packet(_CONNECT, start, *parts)

    def _next_id(self):
        self._last_id = self._last_id % 0xFFFF + 1
        self._wait_ms = 0
        return self._last_id

    def publish(self, topic, payload, qos=1, retain=False):
        """Return a PUBLISH packet (clause 3.3). With QoS 1 `awaiting` is set until PUBLISHED."""
        self._out_ms = 0
        head = 0x30 | (0x02 if qos else 0) | (0x01 if retain else 0)
        raw = payload.encode() if isinstance(payload, str) else payload
        if not qos:
            return packet(head, field(topic), raw)
        if self.awaiting:
            raise ValueError("one publish is in flight already")
        self.awaiting = self._next_id()
        return packet(head, field(topic), struct.pack(">H", self.awaiting), raw)

    def subscribe(self, topic_filter, qos=1):
        """Return a SUBSCRIBE packet (clause 3.8); SUBSCRIBED follows, or MqttError."""
        self._out_ms = 0
        self._subscribing = self._next_id()
        pid = struct.pack(">H", self._subscribing)
        return packet(_SUBSCRIBE, pid, field(topic_filter), bytes((qos,)))

    def puback(self, packet_id):
        """Return the PUBACK of a QoS 1 message that was processed (clause 3.4)."""
        self._out_ms = 0
        return packet(_PUBACK << 4, struct.pack(">H", packet_id))

    def disconnect(self):
        """Return the DISCONNECT packet, after which no will is published (clause 3.14)."""
        self._reset("closed")
        return packet(_DISCONNECT)

    def tick(self, elapsed_ms):
        """Let time pass; return a PINGREQ to send or b"". Raise MqttError if an answer is late."""
        if self.state == "closed":
            return b""
        if self._wait_ms >= 0:
            self._wait_ms += elapsed_ms
        if self._ping_ms >= 0:
            self._ping_ms += elapsed_ms
        if self._wait_ms > _ANSWER_MS or self._ping_ms > _ANSWER_MS:
            raise MqttError("the broker does not answer")
        self._out_ms += elapsed_ms
        quiet = self._keepalive_ms and self._out_ms * 2 >= self._keepalive_ms
        if self.state != "up" or not quiet or self._ping_ms >= 0:
            return b""
        self._out_ms = self._ping_ms = 0
        return packet(_PINGREQ)

    def receive(self, data):
        """Return the events in bytes from the broker, cut anywhere. Raise MqttError if malformed.

        The body of a longer packet than max_packet is read and dropped: a MESSAGE then has the
        payload None, and the topic "" when not even that could be kept. It is acknowledged like
        any other: a broker keeps a few messages in flight, and sends no more until they are.
        """
        events = []
        data = memoryview(data)
        at = 0
        while at < len(data):
            if self._shift >= 0:
                self._header_byte(data[at])
                at += 1
            else:
                at += self._take(data[at:])
            if self._shift < 0 and self._got == self._size:
                event = self._finish()
                if event:
                    events.append(event)
        return events

    def _header_byte(self, byte):
        if self._head == 0:
            kind = byte >> 4
            if kind != _PUBLISH and (kind not in _BODY or byte & 0x0F):
                raise MqttError(f"unexpected packet 0x{byte:02x}")
            if kind == _PUBLISH and byte & 0x04:
                raise MqttError("publish with a QoS that was not asked for")
            if (self.state == "connecting") != (kind == _CONNACK) or self.state == "closed":
                raise MqttError(f"packet 0x{byte:02x} at the wrong time")
            self._head = byte
            return
        self._size |= (byte & 0x7F) << self._shift
        self._shift += 7
        if byte & 0x80:
            if self._shift > 21:
                raise MqttError("bad remaining length")
            return
        self._shift = -1
        if self._size != _BODY.get(self._head >> 4, self._size):
            raise MqttError(f"packet 0x{self._head:02x} of {self._size} bytes")

    def _take(self, data):
        """Keep what fits of the body; return how many bytes belonged to it."""
        n = min(len(data), self._size - self._got)
        room = min(n, len(self._body) - self._got)
        if room > 0:
            self._body[self._got : self._got + room] = data[:room]
        end = 2 + (self._body[0] << 8 | self._body[1])  # of the topic, in a PUBLISH
        for at in (end, end + 1):
            if self._got <= at < self._got + n:
                self._pid = self._pid << 8 | data[at - self._got]
        self._got += n
        return n

    def _finish(self):
        head, size, pid = self._head, self._size, self._pid
        self._head = self._shift = self._size = self._got = self._pid = 0
        body = memoryview(self._body)[: min(size, len(self._body))]
        kind = head >> 4
        if kind == _PUBLISH:
            return self._message(head, body, size, pid)
        if kind == _PINGRESP:
            self._ping_ms = -1
            return None
        if kind == _CONNACK:
            return self._connack(body[0], body[1])
        packet_id = body[0] << 8 | body[1]
        if kind == _PUBACK and packet_id and packet_id == self.awaiting:
            self.awaiting = 0
            event = PUBLISHED
        elif kind == _SUBACK and packet_id and packet_id == self._subscribing:
            if body[2] > 1:
                raise MqttError("the broker refuses the subscription")
            self._subscribing = 0
            event = SUBSCRIBED
        else:
            return None  # an acknowledgement of nothing we wait for changes nothing
        if not (self.awaiting or self._subscribing):
            self._wait_ms = -1
        return (event, packet_id)

    def _connack(self, flags, code):
        # A clean session never finds an old one at the broker (clause 3.2.2.2).
        if flags:
            raise MqttError(f"bad CONNACK flags 0x{flags:02x}")
        if code:
            known = code < len(_REFUSALS)
            raise MqttError(_REFUSALS[code] if known else f"the broker refuses: code {code}")
        self.state = "up"
        self._wait_ms = -1
        return (CONNECTED,)

    def _message(self, head, body, size, packet_id):
        qos = head >> 1 & 1
        if size < 2:
            raise MqttError("publish without a topic")
        end = 2 + (body[0] << 8 | body[1])
        start = end + 2 * qos
        if start > size or end == 2:
            raise MqttError("publish with a bad topic length")
        if not qos:
            packet_id = 0
        elif not packet_id:
            raise MqttError("publish without a packet id")
        if start > len(body):
            return (MESSAGE, "", None, packet_id, bool(head & 1))
        try:
            topic = str(bytes(body[2:end]), "utf-8")
        except ValueError:
            raise MqttError("topic is not UTF-8")
        if "\0" in topic or "+" in topic or "#" in topic:
            raise MqttError("topic with a forbidden character")
        payload = None if size > len(body) else bytes(body[start:])
        return (MESSAGE, topic, payload, packet_id, bool(head & 1))
