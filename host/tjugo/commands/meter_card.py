"""`tjugo meter card`: a card of A6 with the short codes, to print."""

from pathlib import Path

import click

from tjugo import face_card, face_docs
from tjugo.commands.meter_order import meter
from tjugo.errors import TjugoError


@meter.command("card")
@click.option("--language", type=click.Choice(list(face_docs.NAMES)), default="en")
@click.option(
    "--numbering",
    type=click.Choice(face_card.NUMBERINGS),
    default=face_card.OURS,
    help="Whose numbers: those of the meter's setting short_codes, hexing without it.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write, as HTML.")
def card(language: str, numbering: str, out: Path | None) -> None:
    """Print a card with the short codes of the meters' key pads, as HTML."""
    page = face_card.page(language, numbering)
    if out is None:
        click.echo(page, nl=False)
        return
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise TjugoError(f"{out} cannot be written: {error.strerror}.") from None
    click.echo(f"{out} is written: print it on A6.")
