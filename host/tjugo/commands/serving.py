"""Options of the address at which the station is served, and of its certificate."""

from pathlib import Path
from typing import Any

import click

from tjugo import certificate as certificates
from tjugo.certificate import Certificate
from tjugo.station.operators import people
from tjugo.station.station import Station
from tjugo.web import place as places
from tjugo.web.place import Place
from tjugo.web.serve import HOST

_OPTIONS = (
    click.option("--port", default=8020, show_default=True, type=click.IntRange(0, 65535)),
    click.option(
        "--host",
        metavar="ADDRESS",
        default=HOST,
        show_default=True,
        help="Address to serve on, 0.0.0.0 for all; on another than this machine's own only with "
        "TLS and log-in.",
    ),
    click.option(
        "--name",
        "names",
        multiple=True,
        help="A name by which the station is reached; may be repeated.",
    ),
    click.option("--tls", is_flag=True, help="Serve with TLS on this machine's own address too."),
    click.option(
        "--tls-cert",
        envvar="TJUGO_TLS_CERT",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Certificate with its chain (PEM); without it a self-signed one is made, once.",
    ),
    click.option(
        "--tls-key",
        envvar="TJUGO_TLS_KEY",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Private key of the certificate (PEM), if it is not in the same file.",
    ),
    click.option(
        "--new-certificate", is_flag=True, help="Make the self-signed certificate again."
    ),
)


def serving_options(function: Any) -> Any:
    """Return a decorator with the options that place_of takes, and --port."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def place_of(
    station: Station,
    host: str,
    names: tuple[str, ...],
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    new_certificate: bool,
) -> Place:
    """Return where to serve a station. Raise TjugoError with status 2 where it must not be."""
    if tls_cert is None and tls_key is not None:
        raise click.UsageError("--tls-key needs --tls-cert.")
    if tls_cert is not None and new_certificate:
        raise click.UsageError("--new-certificate makes none beside --tls-cert.")
    address = places.checked_host(host)
    with station.view() as view:
        log_in = people.exist(view)
    local = places.is_local(address)
    given = places.checked_names(names) or (() if local else places.machine_name())
    place = Place(address, given)
    if not local and not log_in:
        places.check(place, log_in)  # before a certificate is made
    found: Certificate | None = None
    if tls_cert is not None:
        found = certificates.read(tls_cert, tls_key or tls_cert)
    elif tls or new_certificate or not local:
        wanted = places.certified(place)
        found = certificates.self_signed(
            station.state_dir, wanted, station.clock(), new_certificate
        )
    place = Place(address, given, found)
    places.check(place, log_in)
    return place


def show(place: Place, url: str, station: Station) -> None:
    """Print where the station is served, and the certificate's fingerprint and faults."""
    click.echo(f"The master station is at {url} (Ctrl-C ends it)")
    if place.certificate is None:
        return
    ends = place.certificate.ends
    click.echo(f"SHA-256 fingerprint of its certificate: {place.certificate.fingerprint}")
    if station.clock() >= ends:
        click.echo(f"The certificate ended on {ends:%Y-%m-%d}: browsers refuse it.", err=True)
    if missing := place.uncovered():
        click.echo(f"The certificate is not valid for {', '.join(missing)}.", err=True)
