"""Batches: tokens for every row of a CSV file, written to another, row for row."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from sts_portable import amount, vendor
from sts_portable.errors import StsError
from tjugo.errors import TjugoError, plain
from tjugo.key_register import load_keys
from tjugo.private_file import private_file
from tjugo.sts import bulk
from tjugo.sts.batch_file import Row, Source, habits_of, writer
from tjugo.sts.batch_row import Habits, Keys, Request, Tids, make, understand
from tjugo.sts.explain.key import from_hex

_CHUNK = 4096
_BULK_EA = 7


def read_keys(path: Path) -> Keys:
    """The vending keys of a file as the station keeps it. Raises TjugoError."""
    keys = load_keys(path)
    try:
        return {(key.sgc, key.kt, key.krn): key for key in keys}
    except ValueError:
        raise TjugoError(f"{path} has a supply group code that is no number.") from None


def run(
    source: Path,
    target: Path,
    keys: Keys,
    now: Callable[[str], int],
    randbelow: Callable[[int], int],
    advance: Callable[[int], object] = lambda rows: None,
    numpy: bool = True,
) -> tuple[int, int]:
    """Make the tokens. Returns how many rows were read, and how many of them have an error.

    now: minutes since a base date, for rows that have no time. advance: told how many rows are
    done. numpy False: the portable code even where numpy is there. `target` is written whole or
    not at all, mode 0600. Raises TjugoError when a file cannot be used.
    """
    tids = Tids(now)
    habits = habits_of(source)
    total = wrong = 0
    with Source(source) as opened, private_file(target) as out:
        rows = opened.rows()
        write = writer(out, opened.columns, opened.delimiter)
        while chunk := list(islice(rows, _CHUNK)):
            _understand(chunk, keys, tids, randbelow, habits)
            _make(chunk, keys, numpy and bulk.available())
            write(chunk)
            total += len(chunk)
            wrong += sum(1 for row in chunk if row.error)
            advance(len(chunk))
    return total, wrong


def _understand(
    rows: Sequence[Row],
    keys: Keys,
    tids: Tids,
    randbelow: Callable[[int], int],
    habits: Habits,
) -> None:
    for row in rows:
        if not row.error:
            try:
                row.request = understand(row.cells, keys, tids, randbelow, habits)
            except (TjugoError, StsError) as error:
                row.error = _sentence(error)


def _make(rows: Sequence[Row], keys: Keys, fast: bool) -> None:
    """Campaigns by numpy, the rest one by one."""
    campaigns: dict[bulk.Campaign, list[Row]] = {}
    for row in rows:
        campaign = _campaign(row.request) if fast and row.request else None
        if campaign:
            campaigns.setdefault(campaign, []).append(row)
        else:
            _make_one(row, keys)
    for campaign, members in campaigns.items():
        _make_campaign(campaign, members, keys)


def _campaign(request: Request) -> bulk.Campaign | None:
    """The campaign that a row belongs to, or None when it is not for bulk.make_credit(): another
    kind of token, or something is wrong with it, which is said when it is made by itself."""
    q = request.question
    if request.cls != 0 or request.subclass > 3 or q.kt == 3 or q.ea != _BULK_EA:
        return None
    if not q.vk or q.key or q.dkga not in ("02", "04"):
        return None
    try:
        vk = from_hex(q.vk, "vending key")
        vendor.check_expiry(request.tid, q.ken)
        if not 0 <= request.units <= amount.MAX_TENTHS:
            return None
    except (TjugoError, StsError):
        return None
    return bulk.Campaign(q.dkga, vk, q.kt, q.sgc, q.ti, q.krn, q.bdt, request.subclass)


def _make_campaign(campaign: bulk.Campaign, rows: Sequence[Row], keys: Keys) -> None:
    requests = [row.request for row in rows if row.request]
    try:
        made = bulk.make_credit(
            campaign,
            [r.meter for r in requests],
            [r.tid or 0 for r in requests],
            [r.rnd for r in requests],
            [r.units for r in requests],
        )
    except (TjugoError, StsError):
        # The vending key itself is wrong, say. By itself each row says what it is.
        for row in rows:
            _make_one(row, keys)
        return
    for row, digits in zip(rows, made, strict=True):
        row.tokens = [digits]


def _make_one(row: Row, keys: Keys) -> None:
    if row.request is None:
        return
    try:
        row.tokens = make(row.request, keys)
    except (TjugoError, StsError) as error:
        row.error = _sentence(error)


def _sentence(error: TjugoError | StsError) -> str:
    return error.message if isinstance(error, TjugoError) else plain(error)
