"""The token layouts as a Markdown table, from the lines that encode and decode them."""

from . import fields, meaning


def _place(field):
    places = [(field[1], field[2])]
    if len(field) > 3:
        places.insert(0, (field[3], field[4]))
    spans = ["%d" % low if n == 1 else "%d..%d" % (low + n - 1, low) for low, n in places]
    return "%s %s" % (field[0], " and ".join(spans))


def _unit(code):
    if 4 <= code <= 7:
        return meaning.CURRENCY_UNIT
    return meaning.UNITS.get(code, "")


def lines() -> "list[str]":
    """Return the table, line by line."""
    out = ["| token | name | fields and bits | unit | provisional |", "|---|---|---|---|---|"]
    tokens = fields.tokens()
    for code in sorted(tokens, key=lambda c: (c & 0xFF, c)):
        name, layout, _ = tokens[code]
        number = "%d/%d" % (code >> 4 & 15, code & 15)
        places = ", ".join(_place(field) for field in layout)
        note = meaning.PROVISIONAL.get(code, "")
        out.append("| %s | %s | %s | %s | %s |" % (number, name, places, _unit(code), note))
    return out
