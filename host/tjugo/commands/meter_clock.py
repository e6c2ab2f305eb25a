"""`tjugo meter clock`: the clock of a meter at its service port."""

import time
from contextlib import suppress
from typing import Any

import click

from tjugo.commands.meter_selftest import meter
from tjugo.errors import TjugoError

_NO_TIME = "The meter does not know the time."


@meter.command("clock")
@click.argument("port", required=False)
@click.option("--set", "setting", is_flag=True, help="Set it to the time of this computer.")
def meter_clock(port: str | None, setting: bool) -> None:
    """Print the clock of the meter at the service port PORT, or set it, by any amount.

    The meter's application is interrupted, and starts again.
    """
    from tjugo.device import self_test
    from tjugo.device.remote import Remote

    if port is None:
        raise TjugoError("Give the meter's service port.", 2)
    with Remote(port) as remote:
        try:
            unix = round(time.time()) if setting else 0
            found: dict[str, Any] = remote.call("clock", "clock", unix)
        except BaseException:
            with suppress(TjugoError):
                remote.start_main()
            raise
        self_test.self_test(remote)
    if found["unix"] is None:
        click.echo(_NO_TIME)
    else:
        click.echo(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found["unix"])))
    if found["fault"]:
        raise TjugoError("The clock chip is at fault: the time lasts until the power fails.")
