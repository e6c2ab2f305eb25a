"""What receipt printers can do: a table of profiles.

A page is chosen by `ESC t n`; n is the printer's number of a code page. The numbers of `epson`
are those of Epson's TM series. The small printers sold under many names have fewer pages under
the same numbers, and read bytes above 7F as Chinese until that is cancelled.
"""

from dataclasses import dataclass

_FIRST_PAGES = (
    *(("cp437", 0), ("cp850", 2), ("cp860", 3), ("cp863", 4), ("cp865", 5)),
    *(("cp1252", 16), ("cp866", 17), ("cp852", 18), ("cp858", 19)),
)
_EPSON_PAGES = (
    *_FIRST_PAGES,
    *(("cp857", 13), ("cp737", 14), ("iso8859_7", 15), ("cp775", 33), ("cp855", 34)),
    *(("cp1250", 45), ("cp1251", 46), ("cp1253", 47), ("cp1254", 48), ("cp1257", 51)),
)


# eq=False: a profile is a key of caches that are asked for each character.
@dataclass(frozen=True, eq=False)
class Profile:
    """A kind of printer.

    title: for people; columns: characters on a line; dots: of a printed line; pages: codec of
    Python and number of `ESC t`, in the order of preference; qr: has GS ( k; cutter: can cut;
    cancel_kanji: needs FS . so that bytes above 7F are read by the page; status: may answer
    DLE EOT.
    """

    title: str
    columns: int
    dots: int
    pages: tuple[tuple[str, int], ...]
    qr: bool = False
    cutter: bool = False
    cancel_kanji: bool = False
    status: bool = True


PROFILES = {
    "epson-80": Profile("Epson TM series, 80 mm", 48, 576, _EPSON_PAGES, qr=True, cutter=True),
    "epson-58": Profile("Epson TM series, 58 mm", 32, 384, _EPSON_PAGES, qr=True, cutter=True),
    "generic-80": Profile(
        "ESC/POS printer, 80 mm", 48, 576, _FIRST_PAGES, qr=True, cutter=True, cancel_kanji=True
    ),
    "generic-58": Profile(
        "ESC/POS printer, 58 mm, without cutter", 32, 384, _FIRST_PAGES, cancel_kanji=True
    ),
    "simple-80": Profile(
        "Any printer, 80 mm, code page 437 only", 48, 576, (("cp437", 0),), status=False
    ),
    "simple-58": Profile(
        "Any printer, 58 mm, code page 437 only", 32, 384, (("cp437", 0),), status=False
    ),
}
DEFAULT = "generic-80"
