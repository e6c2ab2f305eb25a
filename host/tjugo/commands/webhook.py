"""`tjugo webhook`: addresses that are notified of events."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo.commands.options import json_option, state_option, yes_option
from tjugo.commands.output import actor, confirm, print_json, print_page
from tjugo.commands.secret import read_secret
from tjugo.station.station import Station
from tjugo.station.webhooks import outbox, service
from tjugo.station.webhooks.service import MessageView

_event_option = click.option(
    "--event", "events", type=click.Choice(list(outbox.EVENTS)), multiple=True
)
_secret_option = click.option(
    "--secret-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The secret is the file's first line, - standard input; it is made without it.",
)


@click.group()
def webhook() -> None:
    """Notify other programs of sales and other events."""


@webhook.command("add")
@click.argument("name", metavar="WEBHOOK")
@click.argument("url")
@_event_option
@_secret_option
@json_option
@state_option
def webhook_add(
    name: str,
    url: str,
    events: tuple[str, ...],
    secret_file: Path | None,
    as_json: bool,
    state: Path,
) -> None:
    """Add a webhook for events, all of them where none is given; its secret is printed once."""
    wanted = events or tuple(outbox.EVENTS)
    given = _secret(secret_file)
    with Station.open(state) as station, station.work(actor()) as work:
        secret = service.add(work, state, name, url, wanted, given)
    _print_secret(name, secret, as_json, f"Webhook {name} is added.")


@webhook.command("list")
@json_option
@state_option
def webhook_list(as_json: bool, state: Path) -> None:
    """List the webhooks."""
    with Station.open(state) as station, station.view() as view:
        rows = service.hooks(view)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    for row in rows:
        counts = f"{row.waiting} waiting, {row.failed} failed"
        parts = (f"{row.hook:12}", row.url, ", ".join(row.events), counts)
        click.echo("  ".join(parts) + ("" if row.active else "  stopped"))
    if not rows:
        click.echo("No webhooks yet.")


@webhook.command("edit")
@click.argument("name", metavar="WEBHOOK")
@click.option("--url", help="The new address.")
@_event_option
@state_option
def webhook_edit(name: str, url: str | None, events: tuple[str, ...], state: Path) -> None:
    """Change the address of a webhook, or its events."""
    with Station.open(state) as station, station.work(actor()) as work:
        service.change(work, name, url, events or None)
    click.echo(f"Webhook {name} is changed.")


@webhook.command("stop")
@click.argument("name", metavar="WEBHOOK")
@yes_option
@state_option
def webhook_stop(name: str, yes: bool, state: Path) -> None:
    """Stop a webhook: messages that wait are not sent."""
    confirm(f"Stop the webhook {name}?", yes)
    with Station.open(state) as station, station.work(actor()) as work:
        service.change(work, name, active=False)
    click.echo(f"Webhook {name} is stopped.")


@webhook.command("start")
@click.argument("name", metavar="WEBHOOK")
@state_option
def webhook_start(name: str, state: Path) -> None:
    """Start a webhook that was stopped."""
    with Station.open(state) as station, station.work(actor()) as work:
        service.change(work, name, active=True)
    click.echo(f"Webhook {name} is active.")


@webhook.command("new-secret")
@click.argument("name", metavar="WEBHOOK")
@_secret_option
@yes_option
@json_option
@state_option
def webhook_new_secret(
    name: str, secret_file: Path | None, yes: bool, as_json: bool, state: Path
) -> None:
    """Replace the secret of a webhook; messages from then on are signed with it."""
    confirm(f"Replace the secret of {name}?", yes)
    given = _secret(secret_file)
    with Station.open(state) as station, station.work(actor()) as work:
        secret = service.renew(work, state, name, given)
    _print_secret(name, secret, as_json, f"Webhook {name} has a new secret.")


@webhook.command("test")
@click.argument("name", metavar="WEBHOOK")
@state_option
def webhook_test(name: str, state: Path) -> None:
    """Have the running station send a test message."""
    with Station.open(state) as station, station.work(actor()) as work:
        service.test(work, name)
    click.echo(f"A message waits to be sent to {name} by `tjugo station`.")


@webhook.command("messages")
@click.option("--webhook", "hook", default="", help="Only messages to it.")
@click.option("--status", type=click.Choice(service.STATES), help="Only messages in it.")
@click.option("--after", help="Show what follows this one, as the list before named it.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@json_option
@state_option
def webhook_messages(
    hook: str, status: str | None, after: str | None, limit: int, as_json: bool, state: Path
) -> None:
    """List the messages, newest first."""
    with Station.open(state) as station, station.view() as view:
        page = service.messages(view, hook, status or "", after, limit)
    print_page(page, as_json, _line, "No messages yet.", bool(hook or status or after))


@webhook.command("retry")
@click.argument("message")
@state_option
def webhook_retry(message: str, state: Path) -> None:
    """Send a message that failed again."""
    with Station.open(state) as station, station.work(actor()) as work:
        hook = service.again(work, message)
    click.echo(f"The message waits to be sent to {hook} by `tjugo station`.")


def _secret(file: Path | None) -> str:
    return "" if file is None else read_secret(file, "secret")


def _line(row: MessageView) -> str:
    tried = f"{row.attempts} attempt{'' if row.attempts == 1 else 's'}"
    return f"{row.message}  {row.created_at}  {row.hook}  {row.event}  {row.state}  {tried}" + (
        f"  {row.reason}" if row.reason else ""
    )


def _print_secret(name: str, secret: str, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json({"webhook": name, "secret": secret})
    else:
        click.echo(sentence)
        click.echo(f"Secret, shown only now: {secret}")
