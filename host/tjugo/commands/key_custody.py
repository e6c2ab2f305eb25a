"""`tjugo key import`, `export`, `shares` and `recover`: keys in the hands of several people."""

import sys
from pathlib import Path
from typing import Any

import click

from tjugo.commands.key import key, passphrase_file_option
from tjugo.commands.options import state_option
from tjugo.commands.output import actor
from tjugo.commands.present import two_people, two_people_options
from tjugo.commands.secret import ask, read_secret
from tjugo.commands.unlocking import key_file_option, new_secrets, opened, warn_in_clear
from tjugo.errors import TjugoError, reason
from tjugo.paths import VENDING_KEYS
from tjugo.private_file import private_file
from tjugo.station.keys import service, shares, store, transfer
from tjugo.station.station import Station, utc_now

_path = click.Path(path_type=Path, dir_okay=False)
_PEOPLE = ("first", "second")


@key.command("import")
@click.argument("file", type=_path)
@two_people_options
@click.option("--first-file", type=_path, help="File of the first component, not typed.")
@click.option("--second-file", type=_path, help="File of the second component, not typed.")
@key_file_option
@state_option
def key_import(
    file: Path,
    first_file: Path | None,
    second_file: Path | None,
    key_file: Path | None,
    state: Path,
    **who: Any,
) -> None:
    """Add the vending keys of the key file FILE, whose form is in docs/keys.md.

    Two operators log in at this command, and type a component of its transport key each, unseen.
    """
    found = transfer.read(file)
    files = (first_file, second_file)
    with opened(state, key_file) as station:
        service.check_sandbox(station, actor(), [public for public, _ in found.keys])
        people = two_people(station, **who)
        components = [
            transfer.component(_component(person.name, given, check), check)
            for person, given, check in zip(people, files, found.components, strict=True)
        ]
        keys = found.open(components)
        added = service.import_keys(station, actor(), keys, people, found.source)
        warn_in_clear(station, keys)
    for one in keys:
        words = "is added" if one in added else "was there already"
        click.echo(f"The vending key of {one.name} {words}. KCV {one.kcv}")


def _component(person: str, file: Path | None, check: str) -> str:
    if file is not None:
        return read_secret(file, "component")
    return ask(f"component of {person}, check value {check}", "give its file")


@key.command("export")
@click.argument("file", type=_path)
@click.option("--from", "source", required=True, help="Who sends the keys.")
@click.option("--first-to", required=True, type=_path, help="File to write component 1 to.")
@click.option("--second-to", required=True, type=_path, help="File to write component 2 to.")
@two_people_options
@key_file_option
@state_option
def key_export(
    file: Path,
    source: str,
    first_to: Path,
    second_to: Path,
    key_file: Path | None,
    state: Path,
    **who: Any,
) -> None:
    """Write the vending keys that are no samples to FILE, for another station's import.

    Two operators log in at this command. Give each component to another person, on separate
    media, and FILE by a third way.
    """
    targets = (first_to, second_to)
    for path in (file, *targets):
        if path.exists():
            raise TjugoError(f"{path} is there already.", 2)
    with opened(state, key_file) as station:
        data_key = service.soft(station).data_key()
        keys = [one for one in store.all_keys(state / VENDING_KEYS, data_key) if not one.sample]
        if not keys:
            raise TjugoError("There are no vending keys besides the samples.")
        people = two_people(station, **who)
        components = [transfer.new_component() for _ in targets]
        text = transfer.make(keys, source, utc_now(), components)
        events = service.by_both(people, f"export as {source}")
        events += [service.event_of(one, "export") for one in keys]
        with service.on_record(station, actor(), events):
            for path, content in zip(targets, components, strict=True):
                with private_file(path) as opened_file:
                    opened_file.write(content.hex().encode() + b"\n")
            with private_file(file) as opened_file:
                opened_file.write(text.encode())
    click.echo(f"{len(keys)} vending keys are in {file}.")


@key.command("shares")
@click.option("--needed", default=2, show_default=True, help="How many open the keys.")
@click.option("--of", "of", default=3, show_default=True, help="How many are made.")
@two_people_options
@key_file_option
@state_option
def key_shares(needed: int, of: int, key_file: Path | None, state: Path, **who: Any) -> None:
    """Print recovery shares of the sealed vending keys, once.

    Two operators log in at this command. Any NEEDED of the shares open the keys when passphrase
    and key file are lost. They are not kept: give each one to another person, on paper.
    """
    with opened(state, key_file) as station:
        soft = service.soft(station)
        data_key = soft.data_key()
        if data_key is None:
            sealed = soft.sealed
            raise (
                reason("keys_locked", "Unlock the vending keys.")
                if sealed
                else TjugoError("The vending keys are not sealed: `tjugo key seal` seals them.")
            )
        people = two_people(station, **who)
        made = shares.split(data_key, needed, of)
        detail = f"recovery shares {made[0].share_set}, {needed} of {of}"
        with service.on_record(station, actor(), service.by_both(people, detail)):
            today = utc_now().date().isoformat()
            store.note_shares(state / VENDING_KEYS, made[0].share_set, needed, of, today)
    for share in made:
        click.echo(share.text())


@key.command("recover")
@click.option("--share-file", "files", multiple=True, type=_path, help="File of a share.")
@click.option(
    "--with-key-file", "new_file", type=_path, help="A key file that is to open the keys."
)
@two_people_options
@passphrase_file_option
@state_option
def key_recover(
    files: tuple[Path, ...],
    new_file: Path | None,
    passphrase_file: Path | None,
    state: Path,
    **who: Any,
) -> None:
    """Open sealed vending keys by recovery shares, and give them a new passphrase or key file.

    Two operators log in at this command; the shares may be of other people.
    """
    path = state / VENDING_KEYS
    with Station.open(state) as station:
        soft = service.soft(station)
        sealed = soft.sealed
        if sealed is None:
            raise TjugoError("The vending keys are not sealed.")
        people = two_people(station, **who)
        found = [shares.parse(read_secret(file, "share")) for file in files] or _typed_shares()
        data_key = shares.combine(found, sealed)
        asked = new_file is None and passphrase_file is None
        secrets = new_secrets(new_file, passphrase_file, asked)
        numbers = ", ".join(str(share.number) for share in found)
        detail = f"recover by shares {numbers} of {found[0].share_set}"
        with service.on_record(station, actor(), service.by_both(people, detail)):
            for secret in secrets:
                store.set_lock(path, secret, data_key)
    click.echo("The vending keys open with the new secret.")


def _typed_shares() -> list[shares.Share]:
    """Return the shares typed at the terminal, as many as the first one needs."""
    if not sys.stdin.isatty():
        raise TjugoError("There is no terminal at which to type the shares: --share-file.", 2)
    found = [shares.parse(ask("share 1", ""))]
    while len(found) < found[0].needed:
        found.append(shares.parse(ask(f"share {len(found) + 1}", "")))
    return found
