"""`tjugo doctor`: a page of checks."""

from dataclasses import asdict
from pathlib import Path

import click

from tjugo import key_file as key_files
from tjugo.commands.options import json_option, state_option
from tjugo.commands.output import print_json
from tjugo.commands.unlocking import key_file_option
from tjugo.sealed_keys import Secret
from tjugo.station.health import doctor as examiner
from tjugo.station.health.checks import FAIL
from tjugo.station.station import utc_now


@click.command()
@click.option("--full", is_flag=True, help="Check every page, audit event and ledger entry too.")
@key_file_option
@click.option(
    "--tls-cert",
    envvar="TJUGO_TLS_CERT",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The certificate in use; without it the self-signed one.",
)
@json_option
@state_option
def doctor(
    full: bool, key_file: Path | None, tls_cert: Path | None, as_json: bool, state: Path
) -> int:
    """Check disk, folder, database, backup, clock, keys, tariffs, operators and more, a line each:
    `ok`, `warn` or `fail`, what, and a sentence. Changes no record; exit 1 when a line is `fail`.
    """

    def secret() -> Secret | None:
        if key_file is not None:
            return key_files.read_secret_file(key_file)
        return key_files.secret_of_service()

    found = examiner.examine(state, utc_now(), full, secret, tls_cert)
    failed = any(check.level == FAIL for check in found)
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(check) for check in found]})
    else:
        for check in found:
            click.echo(f"{check.level:4}  {check.what:11}  {check.sentence}")
    return 1 if failed else 0
