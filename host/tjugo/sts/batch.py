"""Batches: tokens for every row of a CSV file, written to another CSV file."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from sts_portable import amount, vendor
from sts_portable.errors import StsError
from tjugo.errors import TjugoError, plain
from tjugo.key_file import load_keys
from tjugo.key_register import DDTK
from tjugo.private_file import private_file
from tjugo.sealed_keys import Secret
from tjugo.sts import bulk
from tjugo.sts.batch_file import Row, Source, habits_of, writer
from tjugo.sts.batch_row import Habits, Keys, Request, Tids, understand
from tjugo.sts.batch_tokens import make, warning
from tjugo.sts.explain.key import from_hex

_CHUNK = 4096
_BULK_EA = 7


def read_keys(path: Path, secret: Secret | None = None) -> Keys:
    """Return the vending keys of a file in the station's form. secret: of a sealed one. Raise
    TjugoError."""
    keys = load_keys(path, secret)
    try:
        return {(key.sgc, key.kt, key.krn): key for key in keys}
    except ValueError:
        raise TjugoError(f"{path} has a supply group code that is not a number.") from None


def run(
    source: Path,
    target: Path,
    keys: Keys,
    now: Callable[[str], int],
    randbelow: Callable[[int], int],
    advance: Callable[[int], object] = lambda rows: None,
    numpy: bool = True,
    warn: Callable[[int], object] = lambda rows: None,
) -> tuple[int, int]:
    """Make the tokens. Return the number of rows, and the number of rows with an error.

    now: minutes since a base date, for rows without a time. advance: called with the number of
    rows done. numpy False: use the portable code even if numpy is installed. warn: called with the
    number of rows with a warning, if there are any. `target` is written
    atomically, mode 0600. Raise TjugoError if a file cannot be used.
    """
    tids = Tids(now)
    habits = habits_of(source)
    total = wrong = warned = 0
    with Source(source) as opened, private_file(target) as out:
        rows = opened.rows()
        write = writer(out, opened.columns, opened.form)
        while chunk := list(islice(rows, _CHUNK)):
            _understand(chunk, keys, tids, randbelow, habits)
            _make(chunk, keys, tids, numpy and bulk.available())
            _warn(chunk, keys, tids)
            write(chunk)
            total += len(chunk)
            wrong += sum(1 for row in chunk if row.error)
            warned += sum(1 for row in chunk if row.warning)
            advance(len(chunk))
    if warned:
        warn(warned)
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


def _make(rows: Sequence[Row], keys: Keys, tids: Tids, fast: bool) -> None:
    """Make the tokens of campaigns with numpy, the others one by one."""
    campaigns: dict[bulk.Campaign, list[Row]] = {}
    for row in rows:
        campaign = _campaign(row.request) if fast and row.request else None
        if campaign:
            campaigns.setdefault(campaign, []).append(row)
        else:
            _make_one(row, keys, tids)
    for campaign, members in campaigns.items():
        _make_campaign(campaign, members, keys, tids)


def _campaign(request: Request) -> bulk.Campaign | None:
    """Return the campaign of a row, or None if bulk.make_credit() does not support it.

    None is also the result for an invalid row, whose error is reported when its token is made
    individually.
    """
    q = request.question
    if request.cls != 0 or request.subclass > 3 or q.kt in (DDTK, 3) or q.ea != _BULK_EA:
        return None
    if request.tid is None or not q.vk or q.key or q.dkga not in ("02", "04"):
        return None
    try:
        vk = from_hex(q.vk, "vending key")
        vendor.check_expiry(request.tid, q.ken)
        if not 0 <= request.units <= amount.MAX_TENTHS:
            return None
    except (TjugoError, StsError):
        return None
    return bulk.Campaign(q.dkga, vk, q.kt, q.sgc, q.ti, q.krn, q.bdt, request.subclass)


def _make_campaign(campaign: bulk.Campaign, rows: Sequence[Row], keys: Keys, tids: Tids) -> None:
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
        # The campaign has an error, for example in the vending key: each row reports its own.
        for row in rows:
            _make_one(row, keys, tids)
        return
    for row, digits in zip(rows, made, strict=True):
        row.tokens = [digits]


def _make_one(row: Row, keys: Keys, tids: Tids) -> None:
    if row.request is None:
        return
    try:
        row.tokens = make(row.request, keys, tids)
    except (TjugoError, StsError) as error:
        row.error = _sentence(error)


def _warn(rows: Sequence[Row], keys: Keys, tids: Tids) -> None:
    for row in rows:
        if row.tokens and row.request:
            row.warning = warning(row.request, keys, tids)


def _sentence(error: TjugoError | StsError) -> str:
    return error.message if isinstance(error, TjugoError) else plain(error)
