"""The words by which a customer is found: lower case, without accents, in Latin letters.

A word belongs to a field, and the words of a name come before the others where they are equal.
"""

import re
from collections.abc import Iterable, Sequence

from anyascii import anyascii

NAME, NUMBER, PLACE, PHONE_END = range(4)
"""Fields: words of the name; account, phone and id number; words of addresses; the digits of the
phone number backwards, to find it with and without the country's prefix."""

Word = tuple[int, str]
LONGEST = 40
LEAST_PHONE = 7  # the fewest digits that are compared as a whole phone number
_WIDE = "\u2e80"  # scripts from here on write no space between words: each sign is a word
_APOSTROPHES = re.compile(r"[`']")
_NOT_DIALLED = re.compile(r"\(0+\)")


def split(text: str) -> list[str]:
    """Return the words of a text in their order: letters and digits, `obrien` of O'Brien."""
    if not text.isascii():
        text = "".join(f" {anyascii(sign)} " if sign >= _WIDE else sign for sign in text)
        text = anyascii(text)
    text = _APOSTROPHES.sub("", text.lower())
    return [word[:LONGEST] for word in re.findall(r"[a-z0-9]+", text)]


def digits(text: str) -> str:
    """Return the digits of a number as it is dialled from abroad or at home, without the leading
    zeros of either: 256772123456 of +256 (0)772 123456, 772123456 of 0772 123456."""
    shown = "".join(split(_NOT_DIALLED.sub("", text)))
    return "".join(re.findall(r"[0-9]", shown)).lstrip("0")[:LONGEST]


def of_customer(
    account_no: str,
    name: str,
    phone: str | None,
    id_no: str | None,
    places: Iterable[str | None],
) -> list[Word]:
    """Return the words of a customer, each once, in order. places: address, e-mail, and service
    points."""
    found = {(NAME, word) for word in split(name)}
    for number in (account_no, id_no or ""):
        found |= {(NUMBER, word) for word in number_words(number)}
    for place in places:
        found |= {(PLACE, word) for word in split(place or "")}
    dialled = digits(phone or "")
    if dialled:
        found |= {(NUMBER, dialled), (PHONE_END, dialled[::-1])}
    return sorted(found)


def number_words(number: str) -> set[str]:
    """Return the words of an account or id number: as a whole, and without leading zeros, which
    spreadsheets lose."""
    whole = "".join(split(number))[:LONGEST]
    return {word for word in (whole, whole.lstrip("0")) if word}


def joined(words: Sequence[Word]) -> str:
    """Return the words as one text: each after a space and the digit of its field."""
    return "".join(f" {field}{word}" for field, word in words)


def parted(text: str) -> list[Word]:
    """Return the words of a text that `joined` made."""
    return [(int(part[0]), part[1:]) for part in text.split()]
