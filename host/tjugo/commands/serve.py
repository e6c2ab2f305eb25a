"""`tjugo station`: the station's web page alone, without a bench."""

import asyncio
import gc
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from tjugo.commands.options import state_option
from tjugo.commands.secret import read_secret
from tjugo.commands.serving import place_of, serving_options, show
from tjugo.commands.unlocking import key_file_option, unlock
from tjugo.log_file import log_to
from tjugo.paths import LOG
from tjugo.station import serving
from tjugo.station import use as station_use
from tjugo.station.keys.views import locked_sentence
from tjugo.station.link.broker import Broker, parse
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.station import Station
from tjugo.station.webhooks.sender import Sender
from tjugo.web.app import create_app
from tjugo.web.place import Place
from tjugo.web.serve import WebServer, listen
from tjugo.web.workers import Worker, Workers


@click.command()
@serving_options
@click.option(
    "--broker",
    envvar="TJUGO_BROKER",
    help="The collectors' MQTT broker: HOST:PORT or mqtt[s]://[USER@]HOST[:PORT].",
)
@click.option(
    "--broker-password-file",
    "password_file",
    envvar="TJUGO_BROKER_PASSWORD_FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The password of USER is the file's first line; - is standard input.",
)
@click.option(
    "--broker-ca",
    "ca",
    envvar="TJUGO_BROKER_CA",
    type=click.Path(path_type=Path),
    help="CA certificates (PEM) that the broker's is checked against.",
)
@key_file_option
@click.option("--locked", is_flag=True, help="Start with the vending keys locked.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes that serve requests; with several, one that ends is started again.",
)
@click.option("--lab", is_flag=True, help="Let the token lab use registered meters' keys.")
@state_option
def station(
    port: int,
    broker: str | None,
    password_file: Path | None,
    ca: Path | None,
    key_file: Path | None,
    locked: bool,
    workers: int,
    lab: bool,
    state: Path,
    **where: Any,
) -> None:
    """Serve the station's pages and its interface for programs until Ctrl-C.

    While sealed vending keys are locked, the station refuses sales: a supervisor or administrator
    unlocks them on the page /unlock, or a start with their key file where it alone opens them.
    """
    link_to = _broker(broker, password_file, ca)
    with ExitStack() as held:
        with Station.open(state) as opened:
            log_to(state / LOG)
            place = place_of(opened, **where)
            sock = held.enter_context(listen(port, place.host))
            held.enter_context(serving.during(state, opened.backend))
            if not locked:
                unlock(opened, key_file)
            if opened.backend.locked:
                click.echo(locked_sentence(opened.backend), err=True)
            show(place, place.url(sock), opened)
            if workers == 1:
                _serve_station(opened, sock, place, link_to, lab, None)
                return
            backend = opened.backend
            # Also while no worker has the station open: it must not be replaced under them.
            held.enter_context(station_use.during(state))
        # The database is closed: a connection must not be shared with a forked process.

        def serve(worker: Worker) -> None:
            number = worker.number
            # One worker has the link; the log of each rotates for itself.
            broker_of = link_to if number == 0 else None
            log_to(state / (f"worker-{number}.{LOG}" if number else LOG), forked=True)
            with Station.open(state, backend=backend) as own:
                _serve_station(own, sock, place, broker_of, lab, worker)

        Workers(workers, serve).run()


def _serve_station(
    opened: Station,
    sock: socket.socket,
    place: Place,
    broker: Broker | None,
    lab: bool,
    worker: Worker | None,
) -> None:
    """Serve until a signal; as one of several workers, or until the parent is gone."""
    link = MqttLink(opened, broker) if broker else None
    sender = Sender(opened)

    async def background() -> None:
        await asyncio.gather(sender.run(), *([link.run()] if link else []))

    app = create_app(
        opened,
        background=background,
        lab_meters=lab,
        local=place.local,
        hosts=place.names,
    )
    share = worker.share if worker else None
    server = WebServer(app, sock, share=share, certificate=place.certificate)
    gc.freeze()  # what is there now stays: looking through it again would delay sales
    asyncio.run(_serve(server, worker.alive if worker else None))


def _broker(text: str | None, password_file: Path | None, ca: Path | None) -> Broker | None:
    if text is None:
        if password_file or ca:
            raise click.UsageError("--broker-password-file and --broker-ca need --broker.")
        return None
    password = None if password_file is None else read_secret(password_file, "password")
    return parse(text, password, ca)


async def _serve(server: WebServer, alive: int | None) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    if alive is not None:
        loop.add_reader(alive, asked.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.run())
    stopping = asyncio.create_task(asked.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await server.stop(serving)
    serving.result()
