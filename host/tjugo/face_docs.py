"""The meter's texts per language, and docs/short-codes.md, generated from their tables.

`python -m tjugo.face_docs` writes them; `--check` writes nothing and ends with status 1 if one of
them is out of date.
"""

import csv
import json
import sys
from pathlib import Path

import click

from meterbus import descriptions, short_codes
from tjugo.generated import bring_up_to_date
from tjugo.toolchain.tools import REPO

FACE = REPO / "firmware" / "meter" / "face"
WORDS = FACE / "words.csv"
PAGE = REPO / "docs" / "short-codes.md"
ENGLISH = "en"
NAMES = {
    "en": "English",
    "fr": "French",
    "pt": "Portuguese",
    "sw": "Swahili",
    "sv": "Swedish",
    "es": "Spanish",
}
NUMBERINGS = {"landis": "Landis+Gyr", "conlog": "Conlog", "itron": "Itron"}
_HEAD = """\
# Short codes

<!-- made by python -m tjugo.face_docs -->

A short code is entered as digits and `#`. The numbers in the first column always work and are
Hexing's where it has one. The setting `short_codes` adds those of one other numbering, `landis`,
`conlog` or `itron`, as far as they are published. A value that is not known is displayed as `---`.
`tjugo meter card` prints a card for the customer.

"""


def words() -> dict[str, dict[str, str]]:
    """Return {English text: {language: text}} of words.csv."""
    with WORDS.open(encoding="utf-8", newline="") as file:
        return {row[ENGLISH]: dict(row) for row in csv.DictReader(file)}


def aliases() -> dict[str, dict[str, str]]:
    """Return {our short code: {numbering: its numbers, or ""}}."""
    found: dict[str, dict[str, str]] = {}
    for line in short_codes.TABLE.split("\n"):
        if line:
            ours, *theirs = ("" if cell == "-" else cell for cell in line.split(" "))
            found[ours] = dict(zip(short_codes.NUMBERINGS, theirs, strict=True))
    return found


def _module(language: str) -> str:
    """Return the source of words_<language>.py."""
    rows = [
        english + "\t" + texts[language] + "\n"
        for english, texts in words().items()
        if texts[language] != english
    ]
    lines = "".join(f"    {json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    return (
        f'"""{NAMES[language]}. Made from words.csv by python -m tjugo.face_docs."""\n\n'
        f'TABLE = (\n    "\\n"\n{lines})\n'
    )


def _page() -> str:
    others = aliases()
    head = ["code", "display", "meaning", *NUMBERINGS.values()]
    rows = [head, ["---"] * len(head)]
    for number, label, meaning in descriptions.CODES:
        theirs = others.get(number, {})
        cells = [theirs.get(name, "").replace(",", ", ") for name in NUMBERINGS]
        rows.append([number, label, meaning, *cells])
    return _HEAD + "\n".join(f"| {' | '.join(row)} |".replace("  ", " ") for row in rows) + "\n"


def generated() -> dict[Path, str]:
    """Return every generated file with its content."""
    files = {FACE / f"words_{name}.py": _module(name) for name in NAMES if name != ENGLISH}
    return {**files, PAGE: _page()}


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing.")
def main(check: bool) -> None:
    """Write or check the files."""
    old = bring_up_to_date(generated(), check)
    for path in old:
        print(f"{'out of date' if check else 'wrote'}: {path.relative_to(REPO)}")
    sys.exit(1 if old and check else 0)


if __name__ == "__main__":
    main()
