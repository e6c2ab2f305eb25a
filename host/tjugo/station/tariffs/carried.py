"""How much a token can carry."""

from sts_portable import amount


def encodable(tenths: int) -> int:
    """Return the largest amount of at most these tenths that a credit token can carry."""
    if tenths >= amount.MAX_TENTHS:
        return int(amount.MAX_TENTHS)
    field = amount.encode(tenths)
    carried = amount.decode(field)
    return carried if carried <= tenths else amount.decode(field - 1)
