"""`tjugo station`: the web page alone, without a bench."""

import asyncio
import logging
import signal
from pathlib import Path

import click

from tjugo.commands.options import state_option
from tjugo.errors import TjugoError
from tjugo.paths import LOG
from tjugo.private_file import create_private
from tjugo.station.link.mqtt import MqttLink
from tjugo.station.station import Station
from tjugo.web.app import create_app
from tjugo.web.serve import WebServer, listen


@click.command()
@click.option("--port", default=8020, show_default=True, type=click.IntRange(0, 65535))
@click.option("--broker", help="HOST:PORT of the MQTT broker that the collectors use.")
@click.option("--lab", is_flag=True, help="Let the token lab use registered meters' keys.")
@state_option
def station(port: int, broker: str | None, lab: bool, state: Path) -> None:
    """Serve the station's page on 127.0.0.1 until Ctrl-C."""
    sock = listen(port)
    with sock, Station.open(state) as opened:
        create_private(state / LOG, "")
        logging.basicConfig(filename=state / LOG, level=logging.WARNING)
        link = MqttLink(opened, *_broker(broker)) if broker else None
        app = create_app(opened, background=link.run if link else None, lab_meters=lab)
        server = WebServer(app, sock)
        click.echo(f"The master station is at {server.url} (Ctrl-C ends it)")
        asyncio.run(_serve(server))


def _broker(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise TjugoError(f"The broker is given as HOST:PORT, not {text!r}.", 2)
    return host.strip("[]"), int(port)


async def _serve(server: WebServer) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.run())
    stopping = asyncio.create_task(asked.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await server.stop(serving)
    serving.result()
