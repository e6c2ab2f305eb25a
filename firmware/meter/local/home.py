"""The connection to the broker of Home Assistant. Every call does a little and none waits.

A token command that the broker has retained is not taken: it would come back at each connection.
"""

import select

from net import mqtt
from net.tcp import Attempt
from runtime.resolver import LookupFailed, Resolver

from .discovery import ENTITIES, OFFLINE, ONLINE, Discovery
from .entry import TokenEntry

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_CONNECT_MS = const(10000)  # for one address
_FIRST_MS, _LONGEST_MS = const(2000), const(60000)  # between two connections
_STEADY_MS = const(60000)  # a connection that lasted so long was a good one
_CHUNK = const(256)
_LONGEST = const(192)  # of a message that is kept: a topic and a token
_STATE_MS = const(5000)  # between two states: power changes all the time
_KEEPALIVE_S = const(30)


class Home:
    """The client. options: see options.py. trouble: why the last connection ended."""

    def __init__(self, meter, board, options):
        self._words = Discovery(meter, options)
        self._port = options["port"]
        self._resolver = Resolver(options["host"], board.net)
        self._client = mqtt.Client(
            "tjugo-" + meter.settings.drn,
            options["user"],
            options["password"],
            will=(self._words.availability, OFFLINE),
            keepalive_s=_KEEPALIVE_S,
            max_packet=_LONGEST,
        )
        self._entry = TokenEntry(meter)
        self._poller = select.poll()
        self._attempt = self._socket = None
        self._addresses = []
        self._wait_ms = 0  # until the next connection, or for an address to answer
        self._pause_ms = _FIRST_MS
        self._up_ms = 0
        self._clear()
        self.trouble = ""

    def _clear(self):
        self._out = b""
        self._control = []  # packets that go before any publish
        self._next = -1  # entity to be published, -1: not online
        self._sent = None  # the state that the broker has
        self._state_ms = _STATE_MS
        self._acknowledge = 0  # packet id of the token that waits for its turn
        self._token = None

    def tick(self, ms, up):
        """Go one step on. up: there is a network."""
        self._entry.tick(ms)
        self._resolver.elapsed(ms)
        self._wait_ms -= ms
        try:
            if self._socket:
                self._serve(ms)
            elif self._attempt:
                self._connecting()
            elif up and self._wait_ms <= 0:
                self._begin()
        except (OSError, LookupFailed, mqtt.MqttError) as problem:
            self.close()
            self.trouble = str(problem)

    def close(self):
        """End the connection; the next one follows after a pause."""
        self._resolver.close()
        for one in (self._attempt, self._socket):
            if one:
                one.close()
        if self._socket:
            self._poller.unregister(self._socket)
        self._attempt = self._socket = None
        self._pause_ms = _FIRST_MS if self._up_ms > _STEADY_MS else self._pause_ms
        self._wait_ms = self._pause_ms
        self._pause_ms = min(2 * self._pause_ms, _LONGEST_MS)
        self._up_ms = 0
        self._clear()

    def _begin(self):
        if not self._addresses:
            found = self._resolver.step()
            if not found:
                return
            self._addresses = list(found)
        self._attempt = Attempt(self._addresses.pop(0), self._port)
        self._wait_ms = _CONNECT_MS

    def _connecting(self):
        sock = self._attempt.result()
        if sock is None:
            if self._wait_ms <= 0:
                self._resolver.doubt()
                raise OSError("no answer")
            return
        self._socket, self._attempt = sock, None
        self._addresses = []
        self._poller.register(sock, select.POLLIN)
        self._control = [self._client.connect()]

    def _serve(self, ms):
        self._up_ms += ms
        self._state_ms += ms
        ping = self._client.tick(ms)
        if ping:
            self._control.append(ping)
        for _ in self._poller.ipoll(0):
            data = self._socket.recv(_CHUNK)
            if not data:
                raise OSError("the broker closed the connection")
            for event in self._client.receive(data):
                self._take(event)
        if not self._entry.busy():
            self._pass_on()
        if not self._out:
            self._out = self._next_packet()
        if self._out:
            self._send()

    def _send(self):
        try:
            sent = self._socket.send(self._out)
        except OSError as problem:
            if problem.errno != 11:  # EAGAIN: no room
                raise
            return
        self._out = self._out[sent:]

    def _take(self, event):
        kind = event[0]
        if kind == mqtt.CONNECTED:
            self._control.append(self._client.subscribe(self._words.token_topic))
        elif kind == mqtt.SUBSCRIBED:
            self._next = 0
        elif kind == mqtt.MESSAGE:
            _, topic, payload, packet_id, retained = event
            wanted = topic == self._words.token_topic and payload and not retained
            if wanted and self._token is None and not self._acknowledge:
                self._token = payload
                self._acknowledge = packet_id
            elif packet_id:
                self._control.append(self._client.puback(packet_id))

    def work(self):
        """Enter the token that waits."""
        self._entry.work()

    def _pass_on(self):
        """Pass the next token on; acknowledge the one before, which is entered now."""
        if self._acknowledge and self._token is None:
            self._control.append(self._client.puback(self._acknowledge))
            self._acknowledge = 0
            self._state_ms = _STATE_MS
        if self._token is None:
            return
        try:
            text = str(self._token, "utf-8")
        except ValueError:
            text = ""
        self._token = None
        self._entry.put(text)

    def _next_packet(self):
        if self._control:
            return self._control.pop(0)
        client, words = self._client, self._words
        if self._next < 0 or client.awaiting:
            return b""
        at = self._next
        if at < len(ENTITIES):
            self._next += 1
            topic, payload = words.entity(at)
            return client.publish(topic, payload, retain=True)
        if at == len(ENTITIES):
            self._next += 1
            return client.publish(words.availability, ONLINE, retain=True)
        if self._state_ms < _STATE_MS:
            return b""
        self._state_ms = 0
        label, text = self._entry.result
        state = words.state((label + " " + text).strip())
        if state == self._sent:
            return b""
        self._sent = state
        return client.publish(words.state_topic, state, retain=True)
