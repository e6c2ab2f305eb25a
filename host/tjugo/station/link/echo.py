"""End-to-end liveness: whether messages reach a collector and its answers come back.

The broker's status is not enough: a second client with the collector's id leaves the collector
`online` while no command reaches it. The station sends each collector an echo with a nonce; the
collector publishes the nonce. No I/O, no clock: the caller gives monotonic seconds and random
nonces.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

INTERVAL_S = 30.0
MISSES = 3  # echoes in a row without a reply; then the collector counts as unreachable
_U32 = 1 << 32


@dataclass
class Peer:
    """A collector. reachable None: no reply yet, and fewer than MISSES echoes sent. echo_at: time
    of the last reply; missed: echoes since then without a reply."""

    due_s: float
    nonce: int | None = None
    reachable: bool | None = None
    echo_at: datetime | None = None
    missed: int = 0


class Liveness:
    """The collectors' replies to echoes. randbelow: like `secrets.randbelow`."""

    def __init__(self, randbelow: Callable[[int], int]) -> None:
        self._randbelow = randbelow
        self._peers: dict[str, Peer] = {}

    def watch(self, collectors: Iterable[str], now_s: float) -> None:
        """Set the watched collectors; an echo to a new one is due at once."""
        self._peers = {c: self._peers.get(c) or Peer(now_s) for c in collectors}

    def ask_now(self, now_s: float) -> None:
        """Make an echo to every collector due, and discard unanswered echoes: the connection to
        the broker is new."""
        for peer in self._peers.values():
            peer.due_s, peer.nonce = now_s, None

    def ask(self, collector_id: str, now_s: float) -> None:
        """Make an echo to one collector due: it reported that it is online."""
        if collector_id in self._peers:
            self._peers[collector_id].due_s = now_s

    def due(self, now_s: float, limit: int = 100) -> list[tuple[str, int]]:
        """Return (collector, nonce) of the echoes to send now, at most `limit`."""
        due = [(c, peer) for c, peer in self._peers.items() if peer.due_s <= now_s][:limit]
        for _, peer in due:
            if peer.nonce is not None:
                peer.missed += 1
                if peer.missed >= MISSES:
                    peer.reachable = False
            peer.nonce = self._randbelow(_U32)
            peer.due_s = now_s + INTERVAL_S
        return [(c, peer.nonce) for c, peer in due if peer.nonce is not None]

    def replied(self, collector_id: str, nonce: int, at: datetime) -> bool:
        """Apply a reply; return whether it shows that the collector is reachable again. A nonce
        other than the last one sent is ignored: the reply is old or forged."""
        peer = self._peers.get(collector_id)
        if peer is None or peer.nonce != nonce:
            return False
        back = not peer.reachable
        peer.nonce, peer.reachable, peer.missed, peer.echo_at = None, True, 0, at
        return back

    def peers(self) -> list[tuple[str, Peer]]:
        """Return each watched collector and its state."""
        return list(self._peers.items())

    def unreachable(self, collector_id: str) -> bool:
        """Return whether a collector has left MISSES echoes unanswered."""
        peer = self._peers.get(collector_id)
        return peer is not None and peer.reachable is False
