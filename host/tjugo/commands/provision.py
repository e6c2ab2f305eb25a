"""`tjugo provision`: the settings of a board."""

from pathlib import Path
from typing import Any

import click

from tjugo import foreign_json
from tjugo.commands.options import state_option
from tjugo.commands.unlocking import key_file_option, opened
from tjugo.errors import TjugoError


@click.command()
@click.argument("port")
@click.option("--drn", help="The meter's number; the station must have it.")
@click.option("--address", type=click.IntRange(1, 247), help="On the bus, 1 to 247.")
@click.option("--merge", type=click.Path(path_type=Path), help="File: JSON object of settings.")
@click.option("--replace", is_flag=True, help="The board was another meter.")
@click.option("--seal", "sealed", flag_value=1, type=int, help="End the factory's step.")
@click.option("--unseal", "sealed", flag_value=0, type=int, help="Permit it again.")
@click.option("--currency", help="Count credit in this currency (ISO 4217), with --price.")
@click.option("--price", "per_kwh", multiple=True, help="Of a kWh; four times: of each rate.")
@click.option("--daily-charge", "daily", help="Charge for each day, in the currency.")
@key_file_option
@state_option
def provision(
    port: str,
    drn: str | None,
    address: int | None,
    merge: Path | None,
    replace: bool,
    sealed: int | None,
    currency: str | None,
    per_kwh: tuple[str, ...],
    daily: str | None,
    key_file: Path | None,
    state: Path,
) -> int:
    """Give the board at PORT its settings, and start it.

    The meter's key goes from the station to the board and is not printed; a key that the board has
    does not leave it. The status is 1 when the board finds its settings wrong.
    """
    from tjugo.device import prices, provisioning, self_test
    from tjugo.device.remote import Remote

    added = _merged(merge) if merge else {}
    tables = None
    if drn:
        with opened(state, key_file) as station:
            added |= provisioning.meter_settings(station, drn)
            tables = provisioning.station_tables(station)
    if address is not None:
        added["address"] = address
    if sealed is not None:
        added[provisioning.SEALED] = sealed
    if (currency is None) != (not per_kwh) or (daily is not None and currency is None):
        raise TjugoError("Give --currency and --price together, and --daily-charge with them.", 2)
    if currency is not None:
        added |= prices.settings(currency, per_kwh, daily)
    if not added:
        raise TjugoError(
            "Give the settings to write: --drn, --address, --currency, --seal, or --merge FILE.",
            status=2,
        )
    with Remote(port) as remote:
        provisioning.provision(provisioning.RemoteBoard(remote), added, tables, replace)
        found = self_test.self_test(remote)
    click.echo(f"Settings written: {', '.join(sorted(added))}.")
    if sealed:
        click.echo(
            "The meter is sealed: its console answers only while the meter cover is open, which "
            "is an event and tampering. Close the cover, and check that it does not answer."
        )
    click.echo("\n".join(self_test.describe(found)))
    wrong = self_test.settings_fault(found)
    if wrong:
        raise TjugoError(f"The board cannot work with its settings: {wrong}.")
    return self_test.status(found)


def _no_float(text: str) -> int:
    raise TjugoError(f"Settings are whole numbers, not {text}.", status=2)


def _merged(path: Path) -> dict[str, Any]:
    """Return the settings in a file. Raise TjugoError."""
    try:
        found = foreign_json.loads(path.read_text(), parse_float=_no_float)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise TjugoError(f"{path} cannot be used: {reason}.", status=2) from None
    if not isinstance(found, dict):
        raise TjugoError(f"{path} cannot be used: it is not a JSON object.", status=2)
    return found
