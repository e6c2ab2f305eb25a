"""`tjugo key`: the vending keys."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import NONE, actor, print_json
from tjugo.commands.secret import FORMS, SecretKey
from tjugo.commands.unlocking import key_file_option, new_secrets, opened, warn_in_clear
from tjugo.errors import TjugoError, reason
from tjugo.key_register import FIELDS, TERMS, VendingKey, VendingRegister
from tjugo.paths import VENDING_KEYS
from tjugo.station.keys import service, store, views
from tjugo.station.station import Station, utc_now
from tjugo.station.vending.purchase import parse_kwh

passphrase_file_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The passphrase is the file's first line; - is standard input.",
)


@click.group()
def key() -> None:
    """Seal, list, import and recover vending keys."""


def register_options(function: Any) -> Any:
    """Return a decorator with the options of a vending key's register."""
    for name in reversed([one.name for one in dataclasses.fields(VendingRegister)]):
        title = FIELDS[name].title
        text = f"{title[:1].upper()}{title[1:]}."
        function = click.option(f"--{name}", metavar=name.upper(), help=text)(function)
    return function


def terms_options(function: Any) -> Any:
    """Return a decorator with the options of a vending key's terms."""
    options = (
        click.option("--active-from", metavar="DATE", help="First day of use, or none."),
        click.option("--issue-until", metavar="DATE", help="Last day of use, or none."),
        click.option("--limit", metavar="KWH", help="Credit limit in kWh, or none."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def terms(active_from: str | None, issue_until: str | None, limit: str | None) -> dict[str, Any]:
    """Return the given terms as fields of a vending key; `none` is no limit."""
    given = {"active_from": active_from, "issue_until": issue_until, "limit_tenths": limit}
    found: dict[str, Any] = {}
    for name in TERMS:
        text = given[name]
        if text is not None:
            found[name] = None if text == NONE else text
    if found.get("limit_tenths") is not None:
        scaled = parse_kwh(found["limit_tenths"]) * 10
        if scaled != int(scaled):
            raise reason("amount_invalid", "The credit limit must be a multiple of 0.1 kWh.")
        found["limit_tenths"] = int(scaled)
    return found


@key.command("list")
@json_option
@state_option
def key_list(as_json: bool, state: Path) -> None:
    """List the vending keys with their terms and use; their secrets are not shown."""
    with Station.open(state) as station, station.view() as view:
        found = views.keys(view, station.backend, utc_now())
    if as_json:
        print_json(dataclasses.asdict(found))
        return
    click.echo(f"Sealed: {', '.join(found.locks) or 'no'}")
    for row in found.keys:
        until = f"{row.active_from or ''}..{row.issue_until or ''}"
        limit = "no limit" if row.limit_tenths is None else f"of {_kwh(row.limit_tenths)}"
        sample = "  sample" if row.sample else ""
        click.echo(
            f"{row.sgc} KT {row.kt} KRN {row.krn}  KEN {row.ken}  BDT {row.bdt}  DKGA {row.dkga}  "
            f"KCV {row.kcv}  {until}  {_kwh(row.used_tenths)} {limit}  {row.state}{sample}"
        )
        for warning in row.warnings:
            click.echo(warning, err=True)


def _kwh(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10} kWh"


@key.command("seal")
@click.option(
    "--with-key-file",
    "new_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A key file that opens them, for unattended service; it is made where there is none.",
)
@passphrase_file_option
@key_file_option
@state_option
def key_seal(
    new_file: Path | None, passphrase_file: Path | None, key_file: Path | None, state: Path
) -> None:
    """Encrypt the vending keys, under a passphrase, a key file, or both.

    Without --passphrase-file and --with-key-file a passphrase is asked for. Sealing sealed keys
    again makes a new data key: earlier secrets and recovery shares do not open it.
    """
    path = state / VENDING_KEYS
    with opened(state, key_file) as station:
        asked = new_file is None and passphrase_file is None
        opened_by = new_secrets(new_file, passphrase_file, asked)
        with service.on_record(station, actor(), [(service.SUBJECT, "seal")]):
            store.seal(path, opened_by, service.soft(station).data_key())
    click.echo(f"The vending keys in {path} are sealed.")


@key.command("add")
@register_options
@terms_options
@click.option("--vk", required=True, type=SecretKey(), help=f"The vending key in hex: {FORMS}.")
@click.option("--kcv", help="Its check value, to find a mistyped key.")
@click.option("--sample", is_flag=True, help="It is a published key, or one for trials.")
@key_file_option
@state_option
def key_add(key_file: Path | None, state: Path, **given: Any) -> None:
    """Add one vending key. `tjugo key import` adds those of a key file, by two people."""
    fields = {name: found for name, found in given.items() if name in FIELDS and found is not None}
    limits = terms(given["active_from"], given["issue_until"], given["limit"])
    try:
        vk = bytes.fromhex(given["vk"])
    except ValueError:
        raise TjugoError("The vending key is to be written in hex.", 2) from None
    new = VendingKey(
        **fields, **limits, vk=vk.hex(), kcv=given["kcv"] or "", sample=given["sample"]
    )
    if not new.kcv:
        raise reason(
            "key_register_invalid", f"A vending key of DKGA {new.dkga} has another length."
        )
    with opened(state, key_file) as station:
        added = service.add_key(station, actor(), new)
        warn_in_clear(station, [new])
    words = "is added" if added else "was there already"
    click.echo(f"The vending key of {new.name} {words}. KCV {new.kcv}")


@key.command("edit")
@click.argument("sgc")
@click.argument("kt", type=int)
@click.argument("krn", type=int)
@terms_options
@key_file_option
@state_option
def key_edit(
    sgc: str, kt: int, krn: int, key_file: Path | None, state: Path, **given: str | None
) -> None:
    """Change the terms of the vending key SGC KT KRN: days of use and credit limit."""
    wanted = VendingRegister(sgc=sgc, kt=kt, krn=krn)  # type: ignore[arg-type]  # digits are read
    limits = terms(given["active_from"], given["issue_until"], given["limit"])
    if not limits:
        raise TjugoError("Give what to change: --active-from, --issue-until or --limit.", 2)
    with opened(state, key_file) as station:
        data_key = service.soft(station).data_key()
        path = state / VENDING_KEYS
        place = (wanted.sgc, wanted.krn, wanted.kt)
        new = dataclasses.replace(store.find(path, place, data_key), **limits)
        said = ", ".join(f"{name} {value}" for name, value in limits.items())
        with service.on_record(station, actor(), [service.event_of(new, said)]):
            store.change_key(path, new, data_key)
    click.echo(f"The terms of the vending key of {new.name} are changed.")
