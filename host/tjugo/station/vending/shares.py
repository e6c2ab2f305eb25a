"""Sharing an amount out in proportion, to the last minor unit. Pure."""

from collections.abc import Sequence


def shares(rest: Sequence[int], amount: int) -> list[int]:
    """Return what each of `rest` has of the amount, in proportion; they sum to the amount.

    rest: amounts whose sum is more than 0 and at least the amount. Each share is rounded down, and
    what is missing goes to those with the largest remainders, the first ones where they are equal:
    no share is beyond its rest.
    """
    total = sum(rest)
    if not 0 <= amount <= total or total == 0:
        raise ValueError(f"{amount} is not a part of {total}")
    found = [amount * one // total for one in rest]
    order = sorted(range(len(rest)), key=lambda i: (-(amount * rest[i] % total), i))
    for index in order[: amount - sum(found)]:
        found[index] += 1
    return found
