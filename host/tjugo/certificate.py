"""The TLS certificate of the web server: the utility's own, or a self-signed one that is made once
in the station's folder."""

import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tjugo.errors import TjugoError
from tjugo.private_file import create_private, private_file

FILE = "web_tls.pem"
DAYS = 825  # the longest that browsers accept of a certificate that the user trusts himself
_EARLIER = timedelta(days=1)  # for clients whose clock is slow
_MOST_COMMON_NAME = 64  # X.520, ub-common-name


@dataclass(frozen=True)
class Certificate:
    """A certificate with its private key, both readable. names: DNS names and addresses for which
    it is valid; fingerprint: SHA-256 as browsers show it; ends: aware, UTC."""

    file: Path
    key: Path
    names: tuple[str, ...]
    fingerprint: str
    ends: datetime


def self_signed(folder: Path, names: Sequence[str], now: datetime, new: bool) -> Certificate:
    """Return the certificate in a station's folder; it is made, for these names and addresses,
    where there is none or with `new`. Raise TjugoError."""
    path = folder / FILE
    if new:
        with private_file(path) as file:
            file.write(_make(names, now).encode())
    elif not path.exists():
        create_private(path, _make(names, now))
    return read(path, path)


def read(file: Path, key: Path) -> Certificate:
    """Return the first certificate of a PEM file, after trying it with its private key. Raise
    TjugoError with status 2 when a server cannot use them."""
    found = shown(file)
    if _open_to_all(key):
        raise TjugoError(f"Everyone may read the private key: run `chmod o= {key}`.", 2)

    def encrypted() -> str:
        raise TjugoError(f"The private key in {key} is encrypted: write it without a password.", 2)

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file, key, password=encrypted)
    except ssl.SSLError as error:
        raise TjugoError(
            f"{key} is not the private key of the certificate in {file}.", 2
        ) from error
    except OSError as error:
        raise TjugoError(f"{key} cannot be read: {error.strerror}.", 2) from error
    return Certificate(file, key, *found)


def shown(file: Path) -> tuple[tuple[str, ...], str, datetime]:
    """Return names, fingerprint and end of the first certificate of a PEM file. Raise
    TjugoError."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise TjugoError(f"{file} cannot be read: {error.strerror}.", 2) from error
    try:
        found = x509.load_pem_x509_certificate(content)
        names = _names(found)
    except ValueError as error:
        raise TjugoError(f"{file} has no certificate in PEM form.", 2) from error
    return names, found.fingerprint(hashes.SHA256()).hex(":").upper(), found.not_valid_after_utc


def covers(names: Sequence[str], name: str) -> bool:
    """Return whether a certificate with these names is valid for a name or address (RFC 6125: a
    wildcard stands for the first label)."""
    return name in names or ("." in name and f"*.{name.partition('.')[2]}" in names)


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *map(str, addresses))


def _open_to_all(path: Path) -> bool:
    """Return whether every user may read a file. A group may: ssl-cert on Debian."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & 0o007)
    except OSError:
        return False  # reading it gives the reason


def _make(names: Sequence[str], now: datetime) -> str:
    """Return a private key on P-256 and its certificate, in PEM form."""
    key = ec.generate_private_key(ec.SECP256R1())
    short = next((name for name in names if len(name) <= _MOST_COMMON_NAME), "tjugo")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, short)])
    begins = now.astimezone(UTC) - _EARLIER
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (x509.SubjectAlternativeName([_general(name) for name in names]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(True, *[False] * 8), True),  # digital signature
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (identifier, False),
        (x509.AuthorityKeyIdentifier(identifier.digest, None, None), False),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=DAYS))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signed = builder.sign(key, hashes.SHA256())
    return (private + signed.public_bytes(serialization.Encoding.PEM)).decode()


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
