"""Sending a message: one HTTP/1.1 request, of whose answer only the status is read."""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from tjugo.errors import TjugoError, reason

TIMEOUT_S = 15.0
_MOST_URL = 400
_LINE = 8192
_PORTS = {"https": 443, "http": 80}


def checked_url(text: str) -> str:
    """Return an address that can be notified. Raise TjugoError for one that is not https, or http
    on this machine."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise _invalid(f"{url[:100]!r} is not an address.") from None
    printable = url.isascii() and url.isprintable() and " " not in url
    if not good or not printable or parts.scheme not in _PORTS or len(url) > _MOST_URL:
        raise _invalid(
            f"The address begins with https:// and has up to {_MOST_URL} ASCII characters."
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _invalid("The address has no user, password or fragment: messages are signed.")
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        raise _invalid("Only an address on this machine may begin with http://; use https://.")
    return url


def _invalid(sentence: str) -> TjugoError:
    return reason("webhook_invalid", sentence)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class NotSent(Exception):
    """There was no answer; the text is a sentence."""


async def post(
    url: str, headers: Mapping[str, str], body: bytes, timeout_s: float = TIMEOUT_S
) -> int:
    """Send a body and return the status of the answer; a redirection is an answer like others, and
    is not followed. Raise NotSent when there is none in time."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _exchange(urlsplit(url), headers, body)
    except TimeoutError:
        raise NotSent(f"There was no answer in {timeout_s:g} seconds.") from None
    except ssl.SSLCertVerificationError as error:
        raise NotSent(f"Its certificate is not accepted: {error.verify_message}.") from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise NotSent(
            f"It cannot be reached: {getattr(error, 'strerror', None) or error}."
        ) from error
    except ValueError as error:  # a line that is too long, or no HTTP
        raise NotSent("The answer is not HTTP.") from error


async def _exchange(url: SplitResult, headers: Mapping[str, str], body: bytes) -> int:
    host = "127.0.0.1" if url.hostname == "localhost" else url.hostname
    tls = ssl.create_default_context() if url.scheme == "https" else None
    port = url.port or _PORTS[url.scheme]
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=_LINE)
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        lines = [f"POST {target} HTTP/1.1", f"host: {url.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"content-length: {len(body)}", "connection: close", "", ""]
        writer.write("\r\n".join(lines).encode("ascii") + body)
        await writer.drain()
        while True:
            status = _status(await reader.readline())
            if status >= 200:
                return status
            while (await reader.readline()).strip():  # the headers of an interim answer
                pass
    finally:
        writer.transport.abort()


def _status(line: bytes) -> int:
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError(line)
    return int(rest[:3])
