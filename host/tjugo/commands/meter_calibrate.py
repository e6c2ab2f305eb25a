"""`tjugo meter calibrate`: the gains of a metering chip, against a known load."""

from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from tjugo.commands.meter_card import meter
from tjugo.commands.options import yes_option
from tjugo.commands.output import confirm
from tjugo.errors import TjugoError

_MOST = 1_000_000
_MILLIJOULES_PER_KWH = 3_600_000_000


class _Quantity(click.ParamType):
    """A positive quantity in a unit, as an integer of so many to one of the unit."""

    name = "quantity"

    def __init__(self, units: int) -> None:
        self._units = units

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            found = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value} is no number.", param, ctx)
        if not found.is_finite() or not 0 < found < _MOST:
            self.fail(f"{value} is not a quantity from 0 to {_MOST}.", param, ctx)
        return int((found * self._units).to_integral_value())


@meter.command("calibrate")
@click.argument("port")
@click.option("--volts", type=_Quantity(1000), help="The voltage at the meter, V.")
@click.option("--amps", type=_Quantity(1000), help="The current of the load, A.")
@click.option("--watts", type=_Quantity(10), help="The active power of the load, W.")
@click.option("--pulses", type=click.IntRange(1), help="Pulses of a reference, for the power.")
@click.option("--per-kwh", type=click.IntRange(1, 1_000_000), help="Its pulses per kWh.")
@click.option("--over", type=_Quantity(1000), help="The seconds in which it made them.")
@click.option("--readings", type=click.IntRange(5, 100), default=20, show_default=True)
@click.option("--show", is_flag=True, help="Show the gains, and measure nothing.")
@yes_option
def meter_calibrate(
    port: str,
    volts: int | None,
    amps: int | None,
    watts: int | None,
    pulses: int | None,
    per_kwh: int | None,
    over: int | None,
    readings: int,
    show: bool,
    yes: bool,
) -> None:
    """Calibrate the meter at the service port PORT against a steady load of known values.

    The meter's application does not run meanwhile, and its energy is not counted. A value that is
    not given keeps its gain.
    """
    from tjugo.device import calibration, provisioning, self_test
    from tjugo.device.remote import Remote

    reference = _reference(pulses, per_kwh, over)
    if watts and reference:
        raise TjugoError("Give the watts or a reference's pulses, not both.", 2)
    true = (volts, amps, watts or reference)
    if not show and true == (None, None, None):
        raise TjugoError(
            "Give the load: --volts, --amps, --watts, or --pulses with --per-kwh and --over.", 2
        )
    with Remote(port) as remote:
        board = provisioning.RemoteBoard(remote)
        try:
            before = calibration.state(board.look())
            click.echo("\n".join(before.lines()))
            if not show:
                calibration.permit(before)
                found = calibration.rows(calibration.measure(remote, readings), true, before.gains)
                click.echo("\n".join(row.line() for row in found))
                confirm(f"Write these gains to meter {before.drn}?", yes)
                calibration.store(board, found, before)
                remote.soft_reset()
                after = calibration.verify(calibration.measure(remote, readings), found)
                click.echo("\n".join(after))
        except BaseException:
            with suppress(TjugoError):
                remote.start_main()  # a meter that is refused a calibration must work on
            raise
        wrong = self_test.settings_fault(self_test.self_test(remote))
    if wrong:
        raise TjugoError(f"The board cannot work with its settings: {wrong}.")
    if not show:
        click.echo("The gains are written, with their checksum.")


def _reference(pulses: int | None, per_kwh: int | None, over_ms: int | None) -> int | None:
    """Return the power of a reference's pulses, 0.1 W; None if none are given. Raise
    TjugoError."""
    given = [one for one in (pulses, per_kwh, over_ms) if one is not None]
    if not given:
        return None
    if pulses is None or per_kwh is None or over_ms is None:
        raise TjugoError("A reference needs all of --pulses, --per-kwh and --over.", 2)
    # mJ / ms is W.
    return (10 * pulses * _MILLIJOULES_PER_KWH // per_kwh + over_ms // 2) // over_ms
