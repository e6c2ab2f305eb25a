"""The counts of a soak and the checks at its end. No clock, no I/O."""

from dataclasses import dataclass, field

_GROWTH_SHARE = 0.05
RSS_SLACK = 2 << 20  # bytes
HEAP_SLACK = 4 << 10  # bytes of a board's heap
_FEWEST = 4  # minimum number of samples for a result


@dataclass
class Series:
    """Samples of one memory figure, in bytes. A garbage-collected heap is a saw-tooth, so its
    minima are compared."""

    name: str
    slack: int
    samples: list[int] = field(default_factory=list)

    def add(self, value: int | None) -> None:
        """Add a sample; None, which means that nothing was measured, is ignored."""
        if value is not None:
            self.samples.append(value)

    def floors(self) -> tuple[int, int] | None:
        """Return the lowest sample of the second quarter and of the last; None when there are too
        few.

        The first quarter is warm-up.
        """
        quarter = len(self.samples) // 4
        if quarter < _FEWEST:
            return None
        return min(self.samples[quarter : 2 * quarter]), min(self.samples[-quarter:])

    def is_flat(self) -> bool:
        """Return whether the minimum rose by no more than 5 % and the slack."""
        floors = self.floors()
        if floors is None:
            return True
        before, after = floors
        return after <= before * (1 + _GROWTH_SHARE) + self.slack


@dataclass
class Sale:
    """A token that was sold. `state` is that of its delivery at the station."""

    client_id: str
    drn: str
    wh: int
    digits: str
    state: str = "issued"
    result: str | None = None
    keyed: bool = False


@dataclass
class Account:
    """The energy that one meter received, used and has left, in Wh; None: it does not report."""

    drn: str
    sold_wh: int
    energy_wh: int | None
    credit_wh: int | None

    @property
    def difference_wh(self) -> int | None:
        """The difference between the account and the sales; 0 when nothing is lost or doubled,
        None when it is unknown."""
        if self.energy_wh is None or self.credit_wh is None:
            return None
        return self.energy_wh + self.credit_wh - self.sold_wh


def accounts(sales: list[Sale], meters: dict[str, dict[str, int | None]]) -> list[Account]:
    """Return one account per meter. meters: DRN -> state with energy_wh and credit_wh."""
    return [
        Account(
            drn,
            sum(sale.wh for sale in sales if sale.drn == drn),
            state["energy_wh"],
            state["credit_wh"],
        )
        for drn, state in sorted(meters.items())
    ]


def problems(sales: list[Sale], booked: list[Account], memory: list[Series]) -> list[str]:
    """Return the problems, one sentence each; empty when there is none."""
    found = [
        f"token {sale.client_id} to {sale.drn} is {sale.state}"
        for sale in sales
        if sale.state not in ("accepted", "refused")
        or (sale.state == "refused" and not sale.keyed)
    ]
    found += [
        f"meter {account.drn}: {account.difference_wh:+d} Wh between sold and used plus left"
        for account in booked
        if account.difference_wh
    ]
    found += [
        f"meter {account.drn}: what it has used and left is unknown"
        for account in booked
        if account.difference_wh is None
    ]
    for series in memory:
        if not series.is_flat():
            before, after = series.floors() or (0, 0)
            found.append(f"{series.name} grew from {before} to {after} bytes")
    return found
