"""`tjugo explain`: a token, or a sale, step by step."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tjugo import sta_tables
from tjugo.commands.options import json_option, register_options, state_option
from tjugo.commands.output import name_drn
from tjugo.commands.secret import FORMS, SecretKey
from tjugo.commands.unlocking import key_file_option, opened
from tjugo.errors import TjugoError
from tjugo.station.registry.meters import config_of
from tjugo.sts.describe import token_digits
from tjugo.sts.explain import DecoderKey, Explanation, Sale, explain_sale, explain_token
from tjugo.sts.explain.key import KeyQuestion, of_meter
from tjugo.sts.explain.sale import minute_of, parse_moment, parse_units
from tjugo.sts.explain.text import render

_KEY_OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("--key", SecretKey(), f"Decoder key in hex, most significant byte first: {FORMS}."),
    (
        "--vk",
        SecretKey(),
        f"Vending key in hex: {FORMS}. The decoder key is derived from it.",
    ),
    ("--pan", str, "MeterPAN, 18 digits, for --vk."),
    ("--drn", str, "DRN instead of the MeterPAN, for --vk."),
    ("--variant", str, "Which reading of an unsettled derivation (sts_portable/README.md)."),
)


def _key_options(function: Any) -> Any:
    function = register_options()(function)
    for name, kind, text in reversed(_KEY_OPTIONS):
        function = click.option(name, type=kind, help=text)(function)
    return function


@click.command("explain")
@click.argument("digits", nargs=-1)
@click.option("--sell", metavar="AMOUNT", help="Explain a sale of so many kWh instead.")
@_key_options
@click.option("--meter", help="Use the key of this registered meter; it is not shown.")
@click.option("--mfr", default=0, type=click.IntRange(0, 9999), help="The meter's manufacturer.")
@click.option("--subclass", default=0, type=click.IntRange(0, 7), help="Of the credit to sell.")
@click.option("--time", "at", help="When the sale is made, UTC, as 2026-11-22T12:00; now if not.")
@click.option("--tid", type=click.IntRange(1, 0xFFFFFF), help="TID of the sale, not by --time.")
@click.option("--rnd", type=click.IntRange(0, 15), help="Random number of the sale.")
@click.option("--rounds", is_flag=True, help="Show every round of the cipher.")
@key_file_option
@json_option
@state_option
def explain(
    digits: tuple[str, ...],
    sell: str | None,
    meter: str | None,
    mfr: int,
    subclass: int,
    at: str | None,
    tid: int | None,
    rnd: int | None,
    rounds: bool,
    key_file: Path | None,
    as_json: bool,
    state: Path,
    **key_options: Any,
) -> None:
    """Explain the token DIGITS (20, spaces allowed), or a sale, step by step.

    Class 1 tokens need no key. For others give --key, or --vk and the meter, or --meter.
    """
    if bool(digits) == (sell is not None):
        raise TjugoError("Give a token to explain, or --sell AMOUNT.", 2)
    sta_tables.use(state)
    key = _key(meter, state, key_file, key_options)
    if digits:
        found = explain_token(token_digits(" ".join(digits)), key, mfr, rounds)
    else:
        if key is None:
            raise TjugoError("A sale needs a key: give --key, or --vk and the meter.", 2)
        units = parse_units(sell or "", subclass)
        minute = _minute(at, key.bdt) if tid is None else 0
        random = secrets.randbelow(16) if rnd is None else rnd
        found = explain_sale(Sale(subclass, units, minute, random, tid), key, rounds)
    _print(found, as_json)


def _minute(at: str | None, bdt: str) -> int:
    return parse_moment(at, bdt) if at else minute_of(datetime.now(UTC), bdt)


def _key(
    meter: str | None, state: Path, key_file: Path | None, options: dict[str, Any]
) -> DecoderKey | None:
    if meter is None:
        given = {name: value for name, value in options.items() if value is not None}
        return KeyQuestion(**given).answer()
    if options["key"] or options["vk"]:
        raise TjugoError("Give the key or a registered meter, not both.", 2)
    with opened(state, key_file) as station, station.view() as view:
        name_drn(view, meter)
        config = config_of(view, meter)
        return of_meter(config, station.backend.decoder_key(config))


def _print(found: Explanation, as_json: bool) -> None:
    click.echo(json.dumps(found.as_json()) if as_json else render(found), nl=as_json)
