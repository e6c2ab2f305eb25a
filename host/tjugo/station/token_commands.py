"""`tjugo token decode`: what twenty digits say."""

import json
import re
from pathlib import Path
from typing import Any

import click

from sts_portable import amount, fields, meaning, tid, token
from tjugo.errors import TjugoError
from tjugo.station.commands import json_option, state_option
from tjugo.station.keys import decode
from tjugo.station.meters import config_of
from tjugo.station.station import Station

_KEY_BYTES = {"07": 8, "11": 16}


@click.group("token")
def token_group() -> None:
    """Look into tokens."""


@token_group.command("decode")
@click.argument("digits", nargs=-1, required=True)
@click.option("--key", "key_hex", help="Decoder key in hex, most significant byte first.")
@click.option("--ea", type=click.Choice(["07", "11"]), default="07", show_default=True)
@click.option("--bdt", type=click.Choice(["93", "14", "35"]), default="14", show_default=True)
@click.option("--meter", "drn", help="Use the key of this registered meter.")
@json_option
@state_option
def token_decode(
    digits: tuple[str, ...],
    key_hex: str | None,
    ea: str,
    bdt: str,
    drn: str | None,
    as_json: bool,
    state: Path,
) -> None:
    """Decode the token DIGITS (20, spaces allowed) with its meter's key."""
    checked = token_digits(" ".join(digits))
    cls = token.split(checked)[0]
    if drn is not None:
        with Station.open(state) as station:
            config = config_of(station, drn)
            found = station.backend.verify_token(config, checked)
            bdt, size = config.bdt, _KEY_BYTES[f"{config.ea:02d}"]
    else:
        size = _KEY_BYTES[ea]
        key = _key(key_hex, ea, size) if token.is_encrypted(cls) else b""
        found = decode(checked, key, int(ea))
    if found is None:
        raise TjugoError("CRCError: the token was not made with this key, or a digit is mistyped.")
    view = describe(found, bdt, size)
    if as_json:
        click.echo(json.dumps(view))
        return
    for name, value in view.items():
        click.echo(f"{name:9} {value}")


def token_digits(text: str) -> str:
    """20 digits without spaces and hyphens. Raises TjugoError (status 2) saying what is wrong."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]*", digits, re.A):
        raise TjugoError(f"A token is digits only; {text.strip()!r} has something else in it.", 2)
    if len(digits) != 20:
        raise TjugoError(f"A token has 20 digits; this one has {len(digits)}.", 2)
    if int(digits) >= 1 << 66:
        raise TjugoError(f"A token's number is at most {(1 << 66) - 1}; a digit is mistyped.", 2)
    return digits


def _key(text: str | None, ea: str, size: int) -> bytes:
    if text is None:
        raise TjugoError("This token is encrypted: give --key HEX or --meter DRN.", 2)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise TjugoError("The key is to be written in hex.", 2) from None
    if len(key) != size:
        raise TjugoError(f"EA{ea} needs a key of {2 * size} hex digits; this has {len(text)}.", 2)
    return key


def describe(found: token.Token, bdt: str, key_bytes: int) -> dict[str, Any]:
    """The fields of a token, in the order of its layout, with what they mean."""
    row = found.row()
    view: dict[str, Any] = {"class": found.cls, "subclass": found.subclass}
    if row is None:
        return {**view, "name": "reserved"}
    view["name"] = row[0]
    for name, value in fields.decode(found.cls, found.subclass, found.block, key_bytes).items():
        # A piece of a new decoder key is a secret and not shown.
        view[name] = "(part of a key)" if isinstance(value, bytes) else value
    if "tid" in view:
        year, month, day, hour, minute = tid.civil(bdt, view["tid"])
        view["issued"] = f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d} UTC"
    unit = meaning.UNITS.get(found.cls << 4 | found.subclass)
    if unit is not None and found.value is not None:
        units = amount.decode(found.value)
        view["units"] = f"{units} W" if unit == "W" else f"{units // 10}.{units % 10} {unit[4:]}"
    return view
