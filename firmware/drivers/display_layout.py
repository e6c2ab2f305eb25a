"""Layout of display items (boards/README.md) on displays of characters, and what all displays use.

`items` has the attributes of board.display.show: serial, kind, label, value, status, detail,
progress, result.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# items.kind
STATE = const(0)
ENTRY = const(1)
MESSAGE = const(2)
VALUE = const(3)
ALARM = const(4)

TOKEN_DIGITS = const(20)
_CODE_DIGITS = const(3)  # progress is shown for more: a short code has three digits
_GROUP = const(4)


def plain(text):
    """Return the text in ASCII, for displays with no other characters; `?` for what has none."""
    if all(" " <= c <= "~" for c in text):
        return text
    from .display_letters import replaced  # not loaded for English

    return replaced(text)


def grouped(digits):
    """Return digits in groups of four."""
    return " ".join(digits[i : i + _GROUP] for i in range(0, len(digits), _GROUP))


def progress(items):
    """Return how many digits of a token are entered, as "12/20"; "" for a short code's."""
    if items.progress <= _CODE_DIGITS:
        return ""
    return "%d/%d" % (items.progress, TOKEN_DIGITS)


def is_quantity(text):
    """Return whether a text begins with a number."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    return digits[:1].isdigit() or text[:3] == "---"


def squeezed(text, width):
    """Return a quantity in `width` characters: without its space, with fewer decimals, and
    if that is not enough, without its unit."""
    if len(text) <= width or not is_quantity(text):
        return text
    end = 0
    while end < len(text) and text[end] in "+-.0123456789":
        end += 1
    whole, point, decimals = text[:end].partition(".")
    unit = text[end:].replace(" ", "")
    while decimals and len(whole + point + decimals + unit) > width:
        decimals = decimals[:-1]
    if whole == "-0" and not decimals.strip("0"):
        whole = "0"
    made = whole + (point if decimals else "") + decimals
    return made + unit if len(made + unit) <= width else made


def pair(left, right, width):
    """Return both texts in a line, the second at its right end, whole where it fits: the first
    digits of a number alone would be another number."""
    room = width - len(left) - 1 if left else width
    right = squeezed(right, room)
    return (left + " " * width)[: max(0, width - len(right))] + right


def supply(items, width):
    """Return the state of the supply in a line."""
    if not items.detail:
        return items.status
    if is_quantity(items.detail):
        return pair(items.status, items.detail, width)
    both = items.status + " " + items.detail
    return both if len(both) <= width else items.detail


def lines(items, columns, rows, letters=plain):
    """Return the texts of a display of 2 or 4 rows, each of exactly `columns` characters.

    letters: a function that replaces characters that the display does not have.
    """
    few = rows < 4
    label, value = items.label, items.value
    if items.kind == ENTRY:
        count = progress(items)
        if few:
            hint = items.status or count
            shown = [grouped(value[:12]), pair(grouped(value[12:]), hint, columns)]
        else:
            shown = [pair(label, count, columns), grouped(value[:16]), grouped(value[16:])]
            shown.append(items.status)
    elif items.kind == STATE:
        if few:
            value = value.replace(" ", "")  # as longer numbers, which have no room for it
            shown = [pair(label, value, columns), supply(items, columns)]
        else:
            shown = [pair(label, value, columns), "", supply(items, columns)]
    else:
        shown = [label, value] if few else ["", label, value]
    made = []
    for row in range(rows):
        text = letters(shown[row]) if row < len(shown) else ""
        made.append((text + " " * columns)[:columns])
    return made
