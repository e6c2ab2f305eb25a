"""`tjugo meter selftest`: a technician's checks of a meter, as a table."""

from dataclasses import asdict

import click

from tjugo.commands.meter_calibrate import meter
from tjugo.commands.options import json_option
from tjugo.commands.output import print_json
from tjugo.device.bus_line import PARITIES
from tjugo.errors import TjugoError

_QUESTIONS = (
    ("display seen", "Does the display have all segments, 8888888888888888?"),
    ("buzzer heard", "Did the buzzer sound?"),
    ("LED seen", "Does the LED blink when there is a load?"),
    ("key pad", "Press 8 0 4 #: does the display have the meter's number?"),
)


@meter.command("selftest")
@click.argument("port", required=False)
@click.option("--bus", metavar="PORT", help="The RS-485 adapter.")
@click.option("--address", type=click.IntRange(1, 247), default=1, help="On the bus.")
@click.option("--baudrate", type=click.IntRange(1200, 115200), default=9600)
@click.option("--parity", type=click.Choice(tuple(PARITIES)), default="even")
@click.option("--relay", is_flag=True, help="Open the supply for some seconds, and close it.")
@click.option("--ask", is_flag=True, help="Ask what only a person can see and hear.")
@json_option
def meter_selftest(
    port: str | None,
    bus: str | None,
    address: int,
    baudrate: int,
    parity: str,
    relay: bool,
    ask: bool,
    as_json: bool,
) -> int:
    """Check a meter at its service port PORT, on its bus, or at both; status 1 if it failed.

    At the service port the application is interrupted for half a minute, then started.
    """
    from tjugo.device.bus_line import BusLine
    from tjugo.device.inspection import FAILED, OK, Check, on_the_bus
    from tjugo.device.inspection_port import at_the_port
    from tjugo.device.remote import Remote

    if port is None and bus is None:
        raise TjugoError("Give the meter's service port, or its bus with --bus.", 2)
    if bus is None and (relay or ask):
        raise TjugoError("Give the bus with --bus: the tests of relay and display need it.", 2)
    checks = []
    if port is not None:
        with Remote(port) as remote:
            checks += at_the_port(remote)
    if bus is not None:
        with BusLine(bus, address, baudrate, parity) as line:
            checks += on_the_bus(line, relay)
    if ask:
        for name, question in _QUESTIONS:
            seen = click.confirm(question, err=True)
            checks.append(Check(name, OK if seen else FAILED, ""))
    if as_json:
        print_json([asdict(one) for one in checks])
    else:
        widest = max(len(one.name) for one in checks)
        for one in checks:
            click.echo(f"{one.name:{widest}}  {one.state:7}  {one.detail}".rstrip())
    return 1 if any(one.state == FAILED for one in checks) else 0
