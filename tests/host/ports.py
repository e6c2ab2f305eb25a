"""Ports of 127.0.0.1 for servers that are stopped and started again."""

import random
import socket

# Below those that the system takes for clients: one of these could take the port meanwhile, and a
# client that tries it can even be connected to itself.
_FIRST, _END = 20_000, 32_000


def free_port() -> int:
    """Return a port that nobody has."""
    chosen = random.SystemRandom()
    while True:
        port = chosen.randrange(_FIRST, _END)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
