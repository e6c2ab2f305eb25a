"""`tjugo token decode`: the contents of a token."""

import json
from pathlib import Path

import click

from sts_portable import token
from tjugo.commands.options import RegisterValue, json_option, state_option
from tjugo.commands.output import name_drn
from tjugo.commands.secret import FORMS, SecretKey
from tjugo.commands.unlocking import key_file_option, opened
from tjugo.errors import TjugoError
from tjugo.station.keys.backend import decode
from tjugo.station.registry.meters import config_of
from tjugo.sts.describe import describe, token_digits

_KEY_BYTES = {7: 8, 9: 8, 11: 16}


@click.group("token")
def token_group() -> None:
    """Decode tokens."""


@token_group.command("decode")
@click.argument("digits", nargs=-1, required=True)
@click.option(
    "--key",
    "key_hex",
    type=SecretKey(),
    help=f"Decoder key in hex, most significant byte first: {FORMS}.",
)
@click.option("--ea", metavar="EA", type=RegisterValue("ea"), default="07", show_default=True)
@click.option("--bdt", metavar="BDT", type=RegisterValue("bdt"), default="14", show_default=True)
@click.option("--meter", "drn", help="Use the key of this registered meter.")
@key_file_option
@json_option
@state_option
def token_decode(
    digits: tuple[str, ...],
    key_hex: str | None,
    ea: int,
    bdt: str,
    drn: str | None,
    key_file: Path | None,
    as_json: bool,
    state: Path,
) -> None:
    """Decode the token DIGITS (20, spaces allowed) with its meter's key."""
    checked = token_digits(" ".join(digits))
    cls = token.split(checked)[0]
    if drn is not None:
        with opened(state, key_file) as station, station.view() as view:
            name_drn(view, drn)
            config = config_of(view, drn)
            found = station.backend.verify_token(config, checked)
            bdt, size = config.bdt, _KEY_BYTES[config.ea]
    else:
        size = _KEY_BYTES[ea]
        key = _key(key_hex, ea, size) if token.is_encrypted(cls) else b""
        found = decode(checked, key, ea)
    if found is None:
        raise TjugoError("CRCError: the token was not made with this key, or a digit is mistyped.")
    fields = describe(found, bdt, size)
    if as_json:
        click.echo(json.dumps(fields))
        return
    for name, value in fields.items():
        click.echo(f"{name:9} {value}")


def _key(text: str | None, ea: int, size: int) -> bytes:
    if text is None:
        raise TjugoError("This token is encrypted: give --key - or --meter DRN.", 2)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise TjugoError("The key is to be written in hex.", 2) from None
    if len(key) != size:
        raise TjugoError(
            f"EA{ea:02d} needs a key of {2 * size} hex digits; this has {len(text)}.", 2
        )
    return key
