"""`tjugo bus`: the meter's registers, and what a meter at a serial port has recorded."""

import csv
import json
import sys
from collections.abc import Callable
from typing import Any

import click

from meterbus import descriptions, registers
from sts_portable.pan import drn_valid
from tjugo.commands.options import json_option
from tjugo.device import bus_settings, meter_files
from tjugo.device.bus_line import PARITIES, BusLine
from tjugo.errors import TjugoError

_ACCESS = {"i": "function 4", "h": "function 3", "w": "functions 6, 16"}


@click.group()
def command() -> None:
    """Show what the meter offers on its bus, and read its records."""


@command.command("map")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bus_map(as_json: bool) -> None:
    """Print the register map of the meter."""
    names = ("name", "address", "kind", "words", "access", "group")
    rows = [dict(zip(names, row, strict=True)) for row in registers.ROWS]
    for row in rows:
        row["unit"], row["meaning"] = descriptions.REGISTERS[row["name"]]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(
            f"0x{row['address']:04X}  {row['kind']:5} {row['words']:2}  {row['access']:3} "
            f"{row['name']:20} {row['unit']:6} {row['meaning']}".rstrip()
        )
    click.echo("access: " + "; ".join(f"{key} {text}" for key, text in _ACCESS.items()))


def _line_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a serial port."""
    for option in (
        click.option("--parity", type=click.Choice(tuple(PARITIES)), default="even"),
        click.option("--baudrate", type=click.IntRange(1200, 115200), default=9600),
        click.option("--address", type=click.IntRange(1, 247), default=1, help="Of the meter."),
        click.option("--port", required=True, metavar="PORT", help="The RS-485 adapter."),
    ):
        function = option(function)
    return function


def _print_rows(rows: list[dict[str, Any]], as_csv: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("The meter has no entries.", err=True)
        return
    cells = [[_cell(value) for value in row.values()] for row in rows]
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([list(rows[0]), *cells])
        return
    lines = [list(rows[0]), *cells]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)


def _reader(name: str, text: str) -> None:
    """Add the command that prints a file of the meter."""

    @command.command(name, help=text)
    @_line_options
    @click.option("--last", type=click.IntRange(1), metavar="N", help="The newest N only.")
    @click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
    @json_option
    def reader(
        port: str,
        address: int,
        baudrate: int,
        parity: str,
        last: int | None,
        as_csv: bool,
        as_json: bool,
    ) -> None:
        with BusLine(port, address, baudrate, parity) as line:
            rows = meter_files.read(line.ask, address, name, last)
        _print_rows(rows, as_csv, as_json)


@command.command("clock")
@_line_options
@click.option("--set", "setting", is_flag=True, help="Set it to the time of this computer.")
@click.option("--all", "to_all", is_flag=True, help="Set those of all meters, by a broadcast.")
def clock(
    port: str, address: int, baudrate: int, parity: str, setting: bool, to_all: bool
) -> None:
    """Print the clock of a meter; set it, or those of all meters on the bus."""
    with BusLine(port, address, baudrate, parity) as line:
        if to_all:
            bus_settings.set_all_clocks(line)
            click.echo("All meters on the bus were sent the time.")
            return
        if setting:
            bus_settings.set_clock(line)
        found = bus_settings.read_clock(line)
    if found is None:
        click.echo(f"The meter at address {address} does not know the time.")
    else:
        click.echo(found.strftime("%Y-%m-%dT%H:%M:%SZ"))


@command.command("address")
@click.argument("drn")
@_line_options
def address_(drn: str, port: str, address: int, baudrate: int, parity: str) -> None:
    """Give the meter DRN the address of --address, whatever address it has."""
    if not drn_valid(drn):
        raise TjugoError(f"{drn} is not a meter number.", 2)
    with BusLine(port, address, baudrate, parity) as line:
        bus_settings.set_address(line, drn)
    click.echo(f"Meter {drn} has the address {address}.")


_reader("events", "Print the event log of a meter, the oldest entry first.")
_reader("profile", "Print the energy of each half hour that a meter has recorded.")
_reader("days", "Print the registers of a meter at the end of each day.")
_reader("months", "Print the registers of a meter at the end of each month.")
