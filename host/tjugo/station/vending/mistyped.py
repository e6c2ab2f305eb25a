"""Digits as typed, compared with those of the tokens that a meter has."""

from collections.abc import Iterable


def difference(typed: str, right: str) -> str | None:
    """Return how the typed digits differ from the right ones, as the end of a sentence; None where
    they are equal or too different for a mistake of typing."""
    if typed == right:
        return None
    if len(typed) == len(right):
        return _same_length(typed, right)
    if len(typed) == len(right) - 1 and _one_less(typed, right) is not None:
        return f"digit {_one_less(typed, right)} is missing"
    if len(typed) == len(right) + 1 and _one_less(right, typed) is not None:
        return f"digit {_one_less(right, typed)} is one too many"
    return None


def _same_length(typed: str, right: str) -> str | None:
    wrong = [
        place for place, pair in enumerate(zip(typed, right, strict=True)) if len(set(pair)) > 1
    ]
    if len(wrong) > 2:
        return None
    first, last = wrong[0], wrong[-1]
    if last == first + 1 and typed[first] == right[last] and typed[last] == right[first]:
        return f"digits {first + 1} and {last + 1} are exchanged"
    texts = [f"digit {place + 1} is {right[place]}, not {typed[place]}" for place in wrong]
    return " and ".join(texts)


def _one_less(short: str, long: str) -> int | None:
    """Return the place, from 1 on, of the digit of `long` that `short` lacks."""
    for place in range(len(long)):
        if long[:place] + long[place + 1 :] == short:
            return place + 1
    return None


def nearest(typed: str, tokens: Iterable[str]) -> tuple[str, str] | None:
    """Return the first of the tokens that the typed digits can be, and how they differ."""
    for right in tokens:
        text = difference(typed, right)
        if text is not None:
            return right, text
    return None
