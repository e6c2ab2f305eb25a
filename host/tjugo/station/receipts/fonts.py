"""The font of PDF receipts: Noto Sans, regular and bold, of the package fontpkg-noto-sans.

The package has one variable font of 3,000 characters. Two static fonts of the characters that are
needed are made from it once per process: making all of it static takes 25 s.
"""

import tempfile
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import fontpkg
from anyascii import anyascii
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from fpdf import FPDF

FAMILY = "Noto Sans"
_WEIGHTS = {"": 400, "B": 700}
# Latin of Europe and Africa, punctuation, currencies: a further character makes new files.
_RANGES = ((0x20, 0x180), (0x2010, 0x2027), (0x20A0, 0x20C1))
_NO_BREAK = "\u00a0"
_TABLES_NOT_USED = ["GDEF", "GPOS", "GSUB", "STAT"]


@dataclass
class _Made:
    """Font files of a set of characters; they are removed with the folder."""

    characters: frozenset[int]
    folder: tempfile.TemporaryDirectory[str]

    def files(self) -> dict[str, Path]:
        return {style: Path(self.folder.name) / f"receipt{style}.ttf" for style in _WEIGHTS}


_lock = threading.Lock()
_made: _Made | None = None


def add_to(pdf: FPDF, text: str) -> None:
    """Add the font to a document, with the characters of a fitted text."""
    global _made
    wanted = frozenset(map(ord, text))
    # The files are replaced under the lock only, and opened under it.
    with _lock:
        if _made is None or not wanted <= _made.characters:
            known = _made.characters if _made else frozenset()
            _made = _make(wanted | known)
        for style, path in _made.files().items():
            pdf.add_font(FAMILY, style, path)


def fitted(text: str) -> str:
    """Return the text with each character that the font does not have transliterated, and each
    space but the plain one, such as the narrow one between groups of digits in French, as one that
    is not broken: readers of the document know that one."""
    known = _known()
    spaced = (
        _NO_BREAK if char != " " and unicodedata.category(char) == "Zs" else char for char in text
    )
    return "".join(char if ord(char) in known else anyascii(char) for char in spaced)


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    return frozenset(TTFont(fontpkg.path(FAMILY), lazy=True).getBestCmap())


def _make(characters: frozenset[int]) -> _Made:
    every = characters.union(*(range(first, end) for first, end in _RANGES))
    made = _Made(every, tempfile.TemporaryDirectory(prefix="tjugo-font-"))
    for style, path in made.files().items():
        font = TTFont(fontpkg.path(FAMILY), lazy=True)
        options = subset.Options(hinting=False, layout_features=[])
        options.drop_tables += _TABLES_NOT_USED
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=every)
        cutter.subset(font)
        location = {"wght": _WEIGHTS[style], "wdth": 100}
        instancer.instantiateVariableFont(font, location, inplace=True, optimize=False)
        font.save(path)
    return made
