"""`tjugo receipt`: the receipts of sales."""

from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import actor, print_json
from tjugo.errors import TjugoError
from tjugo.private_file import private_file
from tjugo.station.receipts import model, pdf, printers, render, service, texts
from tjugo.station.station import Station

_client_option = click.option(
    "--client", help="Whose sale it is, where several clients used the same id."
)


@click.group()
def receipt() -> None:
    """Show and print receipts."""


@receipt.command("show")
@click.argument("client_id")
@_client_option
@click.option("--width", type=click.IntRange(24, 96), default=48, show_default=True)
@click.option("--language", help="Such as fr; the receipt's own if not given.")
@json_option
@state_option
def receipt_show(
    client_id: str,
    client: str | None,
    width: int,
    language: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Show the receipt of the sale CLIENT_ID, marked as a copy."""
    if language is not None and not texts.known(language):
        raise TjugoError(texts.unknown(language))
    with Station.open(state) as station:
        stored = service.show(station, actor(), _client(station, client, client_id), client_id)
    shown = stored.shown()
    if as_json:
        print_json(model.fields_of(shown) | {"printed": stored.printed, "void": stored.voided})
        return
    click.echo(render.text(stored.readable(), width, language, None, stored.voided), nl=False)


@receipt.command("print")
@click.argument("client_id")
@_client_option
@click.option("--printer", "name", help="The printer; the only one if not given.")
@state_option
def receipt_print(client_id: str, client: str | None, name: str | None, state: Path) -> None:
    """Print the receipt of the sale CLIENT_ID. The first print is the original."""
    with Station.open(state) as station:
        printer = printers.find(station.state_dir, name)
        client = _client(station, client, client_id)
        number = service.print_on(station, actor(), printer, client, client_id)
    what = f"Reprint {number}" if number else "The original"
    click.echo(f"{what} is sent to the printer {printer.name}.")


@receipt.command("pdf")
@click.argument("client_id")
@_client_option
@click.option("--paper", type=click.Choice(tuple(pdf.PAPERS)), default="a4", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The file.")
@state_option
def receipt_pdf(
    client_id: str, client: str | None, paper: str, output: Path | None, state: Path
) -> None:
    """Write the receipt of the sale CLIENT_ID as a PDF file. It counts as a print."""
    with Station.open(state) as station:
        client = _client(station, client, client_id)
        with station.work(actor()) as work:
            found, number = service.count_print(work, client, client_id, f"PDF {paper}")
    path = output or Path(pdf.file_name(found))
    with private_file(path) as file:
        file.write(pdf.make(found, paper, reprint=number))
    click.echo(f"{path} is written.")


def _client(station: Station, client: str | None, client_id: str) -> str:
    if client is not None:
        return client
    with station.view() as view:
        return service.only_client(view, client_id)
