"""Recognises a second client in this collector's place, and a broker that no longer delivers.

The collector subscribes to its own `about`, which carries the number of this run and is retained.
Its own message must come back. If it finds another run's message where its own was stored, another
collector with the same id is at work; the broker then closes the older of the two connections
(MQTT 3.1.1, clause 3.1.4). No I/O and no clock.
"""

_ANSWER_MS = 15000
_SOON_MS = 30000  # a connection that the broker ends within this time was not wanted
_SETTLED_MS = 600000
_TWICE = 2  # once may be a broker that was set back to an older state, or a forged message
_OFTEN = 4


class Presence:
    """Judges the messages and the ends of the connections of one run."""

    def __init__(self, instance, refresh_ms):
        """instance: number of this run, u32. refresh_ms: between two of its messages."""
        self.instance = instance
        self._refresh_ms = refresh_ms
        self._stored = False  # the broker once had this run's message
        self._foreign = 0  # connections in a row that found another run's message
        self._beside = 0  # messages in a row of this run after which one of another run arrived
        self._counted = False  # the last one of them is
        self._ended = 0  # connections in a row that the broker ended soon
        self._online_ms = -1  # since the subscriptions were confirmed, -1 not online
        self._since_ms = 0  # since this run's message was published last
        self._waiting = False  # for it to come back

    def online(self):
        """Take note that the subscriptions are confirmed and `about` is published."""
        self._online_ms = self._since_ms = self._beside = 0
        self._counted = False
        self._waiting = True

    def ended(self, by_broker):
        """Take note that the connection is over. by_broker: it was closed at the other end."""
        if self._online_ms >= 0:
            soon = by_broker and self._online_ms < _SOON_MS
            self._ended = self._ended + 1 if soon else 0
        self._online_ms = -1
        self._waiting = False

    def take(self, instance, retained):
        """Take a message `about` of this collector. instance: None if it has no usable one: then
        it is no other run's either, and says nothing."""
        if instance is None:
            return
        if instance == self.instance:
            self._stored = True
            self._waiting = False
            if retained:
                self._foreign = 0
        elif retained:
            if self._stored:
                self._foreign += 1
        elif not self._counted:
            self._counted = True
            self._beside += 1

    def tick(self, elapsed_ms):
        """Let time pass; return True if `about` is to be published again.

        Raise OSError if the last one did not come back.
        """
        if self._online_ms < 0:
            return False
        self._online_ms += elapsed_ms
        self._since_ms += elapsed_ms
        if self._waiting and self._since_ms > _ANSWER_MS:
            raise OSError("the broker no longer delivers to this collector")
        if self._online_ms > _SETTLED_MS:
            self._foreign = self._ended = 0
        if self._waiting or self._since_ms < self._refresh_ms:
            return False
        if not self._counted:
            self._beside = 0
        self._counted = False
        self._since_ms = 0
        self._waiting = True
        return True

    def trouble(self, name, client_id):
        """Return a sentence about a second client, or "". name: the collector's id."""
        if max(self._foreign, self._beside) >= _TWICE:
            return f"another collector is connected with the id {name}: each needs its own id"
        if self._ended >= _OFTEN:
            return f"the broker ends each connection soon: is another client named {client_id}?"
        return ""
