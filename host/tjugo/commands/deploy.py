"""`tjugo deploy`: deploy firmware to a board."""

import click

from tjugo.device import targets


@click.command()
@click.option("--board", required=True, help=", ".join(targets.TARGETS))
@click.option("--role", required=True, help=", ".join(targets.ROLES))
@click.option("--port", required=True, help="Serial port, such as /dev/ttyACM0.")
@click.option("--files", is_flag=True, help="Leave the board's ROM file system out of use.")
@click.option("--machine-code", is_flag=True, help="Decode tokens faster, for 10 KB more heap.")
def deploy(board: str, role: str, port: str, files: bool, machine_code: bool) -> int:
    """Put a meter or a collector on a board, and start it.

    Modules go into the board's ROM file system, where it has one: there they take no heap. New
    files are verified on the board before any of them is used. When they do not start well,
    the files before come back, and the status is 1.
    """
    from tjugo.device import deploy, self_test

    try:
        kind = targets.target(board)
        found = deploy.deploy(
            port, kind, role, click.echo, use_rom=not files, machine_code=machine_code
        )
    except KeyboardInterrupt:
        click.echo("Interrupted; run it again, until then the board waits.", err=True)
        return 130
    click.echo("\n".join(self_test.describe(found)))
    return self_test.status(found)
