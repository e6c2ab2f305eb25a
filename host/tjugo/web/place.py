"""Where the station is served: address, names, and the certificate."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from tjugo.certificate import Certificate, covers
from tjugo.errors import TjugoError

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.A)
_LOG_IN = (
    "On an address other than this machine's own the station is served only with log-in on: add "
    "an administrator first, `tjugo operator add LOGIN --role administrator --name NAME`."
)


@dataclass(frozen=True)
class Place:
    """An address to listen on, the names by which it is reached, and the certificate; None for
    HTTP."""

    host: str
    names: tuple[str, ...] = ()
    certificate: Certificate | None = None

    @property
    def local(self) -> bool:
        """True where only programs of this machine reach it."""
        return is_local(self.host)

    def url(self, sock: socket.socket) -> str:
        """Return the address of what is served on a listening socket."""
        scheme = "https" if self.certificate else "http"
        name = self.names[0] if self.names else self.host
        shown = f"[{name}]" if ":" in name else name
        return f"{scheme}://{shown}:{sock.getsockname()[1]}/"

    def uncovered(self) -> list[str]:
        """Return the names and the address for which the certificate is not valid."""
        if self.certificate is None:
            return []
        return [name for name in certified(self) if not covers(self.certificate.names, name)]


def checked_host(text: str) -> str:
    """Return an IP address in its usual form. Raise TjugoError."""
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        raise TjugoError(
            f"{text!r} is not an address of this machine: write one such as 192.168.1.20, or "
            "0.0.0.0 for all. A name is given by --name.",
            2,
        ) from None


def checked_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return host names in lower case. Raise TjugoError."""
    names = tuple(text.lower().rstrip(".") for text in texts)
    for name in names:
        if len(name) > 253 or not _NAME.fullmatch(name):
            raise TjugoError(f"{name!r} is not the name of a host, such as station.example.", 2)
    return names


def machine_name() -> tuple[str, ...]:
    """Return the name of this machine, nothing where it is not the name of a host."""
    name = socket.gethostname().lower()
    return (name,) if _NAME.fullmatch(name) else ()


def is_local(host: str) -> bool:
    """Return whether only programs of this machine reach an address."""
    return ipaddress.ip_address(host).is_loopback


def certified(place: Place) -> tuple[str, ...]:
    """Return what a certificate has to be valid for: the names, and an address of one network
    card."""
    every = ipaddress.ip_address(place.host).is_unspecified
    return place.names if every and place.names else (*place.names, place.host)


def check(place: Place, log_in: bool) -> None:
    """Raise TjugoError with status 2 where the station must not be served. log_in: it has
    operators."""
    if place.local:
        return
    if not log_in:
        raise TjugoError(_LOG_IN, 2)
    if place.certificate is None:
        raise TjugoError(
            f"On {place.host} the station is served only with TLS: give --tls, or --tls-cert.", 2
        )
