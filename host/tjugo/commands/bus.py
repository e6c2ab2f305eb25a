"""`tjugo bus map`: the meter's registers, from the table the firmware uses."""

import json

import click

from meterbus import descriptions, registers

_ACCESS = {"i": "function 4", "h": "function 3", "w": "functions 6, 16"}


@click.group()
def command() -> None:
    """Show what the meter offers on its bus."""


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
