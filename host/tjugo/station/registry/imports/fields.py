"""The columns that an import understands: one table of names, readers and headers.

A header is recognised in several languages, whatever its case, accents and punctuation.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tjugo import search_words
from tjugo.errors import TjugoError, reason
from tjugo.station.registry.imports import dates, values
from tjugo.station.registry.imports.sheet import Cell, Sheet

CUSTOMER, METER, LINK, SITE, MONEY = "customer", "meter", "link", "site", "money"
_HEADER_ROWS = 20  # titles and remarks may stand above the headers


class Field(NamedTuple):
    """A column. headers: separated by |, in the form of `_form`; besides them, its name and title
    are recognised."""

    group: str
    title: str
    read: Callable[[Cell, values.Context], Any]
    headers: str = ""


FIELDS: Mapping[str, Field] = {
    "account_no": Field(
        CUSTOMER,
        "account number",
        values.code,
        "account|account no|acc no|customer no|customer number|customer id|compte|numero de compte"
        "|no compte|no de compte|no client|numero client|cuenta|no cuenta|numero de cuenta"
        "|no cliente|conta|numero da conta|no conta|kundennummer|kontonummer|konto|kundnummer"
        "|akaunti|nambari ya akaunti|klantnummer",
    ),
    "name": Field(
        CUSTOMER,
        "name",
        values.text,
        "customer|customer name|full name|consumer|consumer name|nom|nom et prenom|nom du client"
        "|client|abonne|nombre|nombre del cliente|cliente|nome|nome do cliente|kunde|kundenname"
        "|namn|kund|navn|jina|mteja|jina la mteja|naam",
    ),
    "phone": Field(
        CUSTOMER,
        "phone",
        values.code,
        "telephone|telephone no|phone number|phone no|mobile|mobile number|cell|cellphone|tel|gsm"
        "|portable|no telephone|numero de telephone|telefono|movil|celular|telefone|telemovel"
        "|telefon|handy|mobil|simu|nambari ya simu|telefoon|msisdn",
    ),
    "address": Field(
        CUSTOMER,
        "address",
        values.text,
        "street|location|adresse|rue|quartier|direccion|domicilio|endereco|morada|anschrift"
        "|adress|anwani|adres",
    ),
    "id_no": Field(
        CUSTOMER,
        "id number",
        values.code,
        "id|national id|nin|identity number|identity no|cni|no cni|piece d identite|cedula|dni"
        "|documento|bi|cpf|ausweisnummer|ausweis|personnummer|kitambulisho",
    ),
    "email": Field(
        CUSTOMER, "e-mail", values.text, "email|email address|mail|courriel|correo|e mail"
    ),
    "category": Field(
        CUSTOMER,
        "category",
        values.text,
        "customer type|type|class|categorie|categoria|tipo|kategorie|kategori|aina",
    ),
    "language": Field(CUSTOMER, "language", values.text, "langue|idioma|lingua|sprache|lugha"),
    "notes": Field(
        CUSTOMER, "notes", values.text, "note|remarks|comments|remarques|notas|bemerkungen"
    ),
    "registered": Field(CUSTOMER, "registered", dates.moment, "created|registered at"),
    "drn": Field(
        METER,
        "meter",
        values.drns,
        "meter no|meter number|meter serial|meter serial number|serial number|meter pan|pan|msno"
        "|compteur|numero|no compteur|numero compteur|numero de compteur|no de compteur|contador"
        "|medidor|no medidor|numero de medidor|numero del medidor|numero do contador|no contador"
        "|zahler|zahlernummer|zahler nr|matare|matarnummer|maler|malernummer|mita"
        "|nambari ya mita|meternummer",
    ),
    "status": Field(
        METER, "status", values.status, "meter status|etat|statut|estado|zustand|hali"
    ),
    "collector": Field(METER, "collector", values.text, "concentrator|concentrateur|dcu"),
    "counts": Field(METER, "kind of credit", values.counts, "meter counts"),
    "ea": Field(METER, "EA", values.register("ea"), "encryption algorithm"),
    "tct": Field(METER, "TCT", values.tct, "token carrier|token carrier type|tt"),
    "sgc": Field(METER, "SGC", values.register("sgc"), "supply group|supply group code"),
    "krn": Field(METER, "KRN", values.register("krn"), "key revision|key revision number"),
    "kt": Field(METER, "KT", values.register("kt"), "key type"),
    "ti": Field(METER, "TI", values.register("ti"), "tariff index"),
    "ken": Field(METER, "KEN", values.register("ken"), "key expiry|key expiry number"),
    "bdt": Field(METER, "BDT", values.register("bdt"), "base date"),
    "dkga": Field(METER, "DKGA", values.register("dkga"), "key generation algorithm"),
    "tariff": Field(METER, "tariff", values.text, "tarif|tarifa|tariff code|tarif code|ushuru"),
    "meter_registered": Field(METER, "meter registered", dates.moment),
    "since": Field(
        LINK, "since", dates.moment, "installed on|installation date|from|date|depuis|desde|seit"
    ),
    "until": Field(LINK, "until", dates.moment, "to|removed on|jusqu au|hasta|ate|bis"),
    "service_point": Field(
        LINK, "service point", values.text, "point de livraison|punto de servicio|plot|place"
    ),
    "site": Field(SITE, "site", values.code, "transformer|feeder|transfo|poste|site code|sitio"),
    "site_kind": Field(SITE, "site kind", values.site_kind, "kind of site"),
    "site_name": Field(SITE, "site name", values.text, "name of site"),
    "site_parent": Field(SITE, "site parent", values.code, "parent"),
    "debt": Field(
        MONEY,
        "debt",
        values.amount,
        "arrears|balance owed|owed|opening debt|dette|arriere|arrieres|deuda|divida|schuld"
        "|schulden|skuld|deni",
    ),
    "debt_recovery": Field(
        MONEY, "debt recovery", values.recovery, "recovery|instalment|recouvrement|recuperacion"
    ),
    "debt_name": Field(MONEY, "debt name", values.text, "debt reason|motif"),
    "debt_no": Field(MONEY, "debt number", values.count),
    "debt_kind": Field(MONEY, "debt kind", values.debt_kind),
    "debt_least": Field(MONEY, "debt least", values.amount),
    "debt_most": Field(MONEY, "debt most", values.amount),
    "debt_priority": Field(MONEY, "debt priority", values.count),
    "credit": Field(
        MONEY,
        "credit",
        values.amount,
        "opening credit|customer credit|avoir|credito|guthaben|tillgodo|salio",
    ),
}


def _form(header: str) -> str:
    """Return a header without case, accents and punctuation: `no compteur` of N° Compteur."""
    return " ".join(search_words.split(header.replace("°", "o").replace("#", " no ")))


def _headers() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, field in FIELDS.items():
        for header in (name, field.title, *field.headers.split("|")):
            if header:
                found.setdefault(_form(header), name)
    return found


HEADERS = _headers()
"""The name of a field by its headers."""


def field_named(text: str) -> str:
    """Return the field of a name that a person gives, such as `meter`. Raise TjugoError."""
    name = HEADERS.get(_form(text))
    if name is None:
        raise reason("mapping_invalid", f"There is no field {text[:40]!r}: {', '.join(FIELDS)}.")
    return name


class ColumnMap(NamedTuple):
    """Which column has which field. columns: field to the place of its column; headers: field to
    the column's header; ignored: headers without a field; first: the place of the first row of
    data among the sheet's rows."""

    columns: dict[str, int]
    headers: dict[str, str]
    ignored: list[str]
    first: int


def mapped(sheet: Sheet, given: Iterable[tuple[str, str | int]] = ()) -> ColumnMap:
    """Return the mapping of a sheet. given: pairs of field and its column: the header, the letter,
    or the number from 0 on; they take precedence, and an empty header leaves the field out. Raise
    TjugoError."""
    wanted = {field_named(name): header for name, header in given}
    place = _header_row(sheet, {_form(str(header)) for header in wanted.values()})
    cells = [cell.text for cell in sheet.rows[place][1]]
    columns: dict[str, int] = {}
    for name, header in wanted.items():
        if isinstance(header, int):
            columns[name] = header
        elif header.strip():
            columns[name] = _column(cells, header)
    for number, header in enumerate(cells):
        found = HEADERS.get(_form(header))
        if found is None or found in wanted or number in columns.values():
            continue
        if found in columns:
            twice = f"{cells[columns[found]]!r} and {header!r}"
            raise reason(
                "mapping_invalid",
                f"The columns {twice} are both the {FIELDS[found].title}: map one of them.",
            )
        columns[found] = number
    if not columns:
        raise reason(
            "mapping_invalid",
            f"No column is recognised: {', '.join(filter(None, cells))[:200]}. Map them.",
        )
    used = set(columns.values())
    ignored = [header for at, header in enumerate(cells) if header and at not in used]
    headers = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
    return ColumnMap(columns, headers, ignored, place + 1)


def _header_row(sheet: Sheet, wanted: set[str]) -> int:
    """Return the place of the row with the most known headers, the first of them."""
    best, most = 0, 0
    for place, (_, cells) in enumerate(sheet.rows[:_HEADER_ROWS]):
        forms = {_form(cell.text) for cell in cells}
        known = sum(form in HEADERS or (form in wanted and form != "") for form in forms)
        if known > most:
            best, most = place, known
    return best


def _column(cells: list[str], header: str) -> int:
    for number, text in enumerate(cells):
        if _form(text) == _form(header):
            return number
    letters = header.strip().upper()
    if letters.isascii() and letters.isalpha() and len(letters) <= 2:
        number = 0
        for letter in letters:
            number = number * 26 + ord(letter) - 64
        if number <= len(cells):
            return number - 1
    raise reason("mapping_invalid", f"The file has no column {header[:60]!r}.")


def problem(name: str, error: ValueError | TjugoError) -> str:
    """Return what is wrong with the value of a field, as a sentence."""
    title = FIELDS[name].title
    words = f"{title[:1].upper()}{title[1:]} {error}".replace(" : ", ": ")
    return f"{words}."
