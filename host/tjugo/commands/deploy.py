"""`tjugo deploy`: deploy firmware to a board."""

import click

from tjugo.device import targets


@click.command()
@click.option("--board", required=True, help=", ".join(targets.TARGETS))
@click.option("--role", required=True, help=", ".join(targets.ROLES))
@click.option("--port", required=True, help="Serial port, such as /dev/ttyACM0.")
def deploy(board: str, role: str, port: str) -> int:
    """Put a meter or a collector on a board, and start it.

    New files are verified on the board before any of them is used. When they do not start well,
    the files before come back, and the status is 1.
    """
    from tjugo.device import deploy, self_test

    try:
        found = deploy.deploy(port, targets.target(board), role, click.echo)
    except KeyboardInterrupt:
        click.echo("Interrupted; run it again, until then the board waits.", err=True)
        return 130
    click.echo("\n".join(self_test.describe(found)))
    return self_test.status(found)
