"""The MQTT broker: its address, the station's log-in, and its errors as sentences."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiomqtt

from tjugo.errors import TjugoError

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_WRONG = "The broker is given as HOST:PORT or mqtt[s]://[USER@]HOST[:PORT], not {!r}."

# CONNACK return codes (MQTT 3.1.1, table 3.1), and the reason codes (MQTT 5, table 2-6) as which
# paho gives them.
_PASSWORD = "refused the user or the password"
_RIGHTS = "refused the log-in: user, password or rights are wrong"
_REFUSED = {
    1: "does not support MQTT 3.1.1",
    132: "does not support MQTT 3.1.1",
    2: "refused the station's client id",
    133: "refused the station's client id",
    3: "is not available",
    136: "is not available",
    4: _PASSWORD,
    134: _PASSWORD,
    5: _RIGHTS,
    135: _RIGHTS,
}


@dataclass(frozen=True)
class Broker:
    """The broker's address and log-in. tls: MQTT over TLS; the broker's certificate is checked
    against the CA (a file of PEM certificates; None: the CAs of this machine)."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: Path | None = None

    @property
    def name(self) -> str:
        """The broker as an address, without the password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = "" if self.user is None else f"{self.user}@"
        return f"mqtt{'s' if self.tls else ''}://{user}{host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the TLS context; None without TLS. Raise TjugoError if the CA is unusable."""
        if not self.tls:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca)
        except ssl.SSLError as error:
            raise TjugoError(f"{self.ca} is not a file of CA certificates (PEM).", 2) from error
        except OSError as error:
            raise TjugoError(f"{self.ca} cannot be read: {error.strerror}.", 2) from error


def parse(text: str, password: str | None = None, ca: Path | None = None) -> Broker:
    """Return the broker of an address as written by a person. Raise TjugoError (status 2)."""
    address = text if "://" in text else f"mqtt://{text}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise TjugoError(_WRONG.format(_shown(text)), 2) from None
    if parts.password is not None:
        # Others can read a command line: in a list of processes, in the shell's history.
        raise TjugoError(
            "The password does not belong in --broker: use --broker-password-file.", 2
        )
    rest = parts.path.strip("/") or parts.query or parts.fragment
    plain = "://" not in text and port is None
    if parts.scheme not in _PORTS or not host or rest or plain or port == 0:
        raise TjugoError(_WRONG.format(_shown(text)), 2)
    user = unquote(parts.username) if parts.username else None
    tls = parts.scheme == "mqtts"
    if password is not None and user is None:
        raise TjugoError("A broker's password needs a user: mqtt[s]://USER@HOST:PORT.", 2)
    if ca is not None and not tls:
        raise TjugoError("A CA is for TLS: mqtts://... in --broker.", 2)
    broker = Broker(host, port or _PORTS[parts.scheme], user, password, tls, ca)
    broker.tls_context()
    return broker


def _shown(text: str) -> str:
    """Return the part of a wrong address that may be repeated: nothing that may be a password."""
    return re.sub(r":[^:@/]*@", ":...@", text)


def why_not(broker: Broker, error: Exception) -> str:
    """Return why the broker cannot be used, in one sentence."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = (cause.verify_message or "it is not valid").rstrip(".")
        return f"The certificate of the MQTT broker {broker.name} is refused: {why}."
    if isinstance(cause, ssl.SSLError):
        return f"No TLS connection to the MQTT broker {broker.name}: {cause.reason or cause}."
    if isinstance(cause, aiomqtt.exceptions.MqttConnectError):
        code = getattr(cause.rc, "value", cause.rc)
        reason = _REFUSED.get(code if isinstance(code, int) else 0)
        if reason in (_PASSWORD, _RIGHTS) and broker.user is None:
            reason = "needs a user and a password"
        return f"The MQTT broker {broker.name} {reason or f'refused the connection: {cause}'}."
    if isinstance(cause, TjugoError):
        return cause.message
    if isinstance(cause, TimeoutError):
        return f"No connection to the MQTT broker {broker.name}: it did not answer in time."
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    text = text.rstrip(".") or type(cause).__name__
    return f"No connection to the MQTT broker {broker.name}: {text}."


def _cause(error: BaseException) -> BaseException:
    """Return the most specific error: aiomqtt wraps those of the socket and of TLS."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError | aiomqtt.exceptions.MqttConnectError | TjugoError):
            return found
        found = found.__cause__ or found.__context__
    return error
