"""The card of A6 with the short codes of the meters' key pads, as HTML."""

import html

from meterbus import descriptions
from tjugo import face_docs

OURS = "hexing"
NUMBERINGS = (OURS, *face_docs.NUMBERINGS)
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


def page(language: str, numbering: str = OURS) -> str:
    """Return the card in a language, with a maker's numbers (NUMBERINGS)."""
    words, aliases = face_docs.words(), face_docs.aliases()
    rows = ""
    for code, label, _ in descriptions.CODES:
        number = code if numbering == OURS else aliases.get(code, {}).get(numbering, "")
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
