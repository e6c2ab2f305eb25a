"""`tjugo meter card`: a card of A6 with the short codes, to print."""

import html
from pathlib import Path

import click

from meterbus import descriptions
from tjugo import face_docs
from tjugo.commands.meter_status import meter
from tjugo.errors import TjugoError

_OURS = "hexing"
_DISPLAY_TEST = "800"  # nothing for a customer
_TITLES = {
    "en": ("Short codes", "Key in the number and #."),
    "fr": ("Codes courts", "Tapez le numéro puis #."),
    "pt": ("Códigos curtos", "Digite o número e #."),
    "sw": ("Namba fupi", "Bonyeza namba kisha #."),
    "sv": ("Kortkoder", "Tryck numret och #."),
    "es": ("Códigos cortos", "Teclee el número y #."),
}
_STYLE = """\
@page { size: A6; margin: 8mm }
body { font: 11pt sans-serif; max-width: 90mm }
h1 { font-size: 15pt; margin: 0 }
table { border-collapse: collapse; width: 100% }
td { border-bottom: 1px solid #bbb; padding: 1mm 0 }
td:first-child { font-weight: bold; width: 24mm }"""


@meter.command("card")
@click.option("--language", type=click.Choice(list(face_docs.NAMES)), default="en")
@click.option(
    "--numbering",
    type=click.Choice([_OURS, *face_docs.NUMBERINGS]),
    default=_OURS,
    help="Whose numbers: those of the meter's setting short_codes, hexing without it.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write, as HTML.")
def card(language: str, numbering: str, out: Path | None) -> None:
    """Print a card with the short codes of the meters' key pads, as HTML."""
    page = _page(language, numbering)
    if out is None:
        click.echo(page, nl=False)
        return
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise TjugoError(f"{out} cannot be written: {error.strerror}.") from None
    click.echo(f"{out} is written: print it on A6.")


def _page(language: str, numbering: str) -> str:
    words, aliases = face_docs.words(), face_docs.aliases()
    rows = ""
    for code, label, _ in descriptions.CODES:
        number = code if numbering == _OURS else aliases.get(code, {}).get(numbering, "")
        if number and code != _DISPLAY_TEST:
            text = words[label][language] if label in words else label
            shown = number.replace(",", ", ")
            rows += f"<tr><td>{shown}</td><td>{html.escape(text)}</td></tr>\n"
    title, how = _TITLES[language]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n"
        f"<h1>{title}</h1>\n<p>{how}</p>\n<table>\n{rows}</table>\n</html>\n"
    )
