"""The `tjugo` command. Each subcommand is imported when it is used, so that startup is quick."""

import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

import click

import tjugo
from tjugo.errors import TjugoError
from tjugo.paths import LOG, default_state_dir

# name: (module:attribute, short help)
_COMMANDS = {
    "audit": ("tjugo.commands.audit:audit", "List the audit events, and verify their chain."),
    "backup": ("tjugo.commands.backup:backup", "Write a backup of the running station."),
    "bench": (
        "tjugo.commands.bench:command",
        "Run the whole system on this machine, with a web page.",
    ),
    "benchmark": ("tjugo.commands.build:benchmark", "Run the benchmarks."),
    "bus": ("tjugo.commands.bus:command", "Show a meter's registers; read its records."),
    "client": ("tjugo.commands.client:client", "Add, list and stop API clients."),
    "clock": ("tjugo.commands.clock:clock", "Check and confirm the station's clock."),
    "collector": ("tjugo.commands.collector:collector", "List data collectors."),
    "count": ("tjugo.commands.build:count", "Count instructions on the emulated Cortex-M3."),
    "credit-note": (
        "tjugo.commands.money_only:credit_note_",
        "Write a credit note for a sale.",
    ),
    "customer": ("tjugo.commands.customer:customer", "Add, list, edit and remove customers."),
    "debt": ("tjugo.commands.debt:debt", "Open, list, change and write off debts."),
    "deposit": ("tjugo.commands.deposit:deposit", "Record and list money that was banked."),
    "deploy": ("tjugo.commands.deploy:deploy", "Deploy firmware to a board."),
    "doctor": ("tjugo.commands.doctor:doctor", "Check the station, a line for each thing."),
    "emulate": ("tjugo.commands.emulate:emulate", "Run an emulated board to deploy to."),
    "engineering": (
        "tjugo.commands.engineering:engineering_group",
        "Issue engineering tokens: clear, limit, set, test, display.",
    ),
    "explain": ("tjugo.commands.explain:explain", "Explain a token, or a sale, step by step."),
    "export": (
        "tjugo.commands.export:export",
        "Write customers, meters, sales and more to a file.",
    ),
    "firmware": ("tjugo.commands.build:firmware", "Build an emulated board's MicroPython."),
    "freeze": ("tjugo.commands.build:freeze", "Print a manifest.py for a full image."),
    "image": ("tjugo.commands.build:image", "Build an image with a meter or collector in it."),
    "import": (
        "tjugo.commands.import_:import_",
        "Import customers, meters and balances from a file.",
    ),
    "init": ("tjugo.commands.init:init", "Make a new station in the state folder."),
    "key-change": (
        "tjugo.commands.key_change:key_change",
        "Change the keys of meters, one or a campaign.",
    ),
    "ledger": ("tjugo.commands.ledger:ledger", "Verify and read the ledger."),
    "line": ("tjugo.commands.build:line", "Find a line of a board's crash report."),
    "lookup": (
        "tjugo.commands.lookup:lookup",
        "Find a meter or customer by number, name, phone, address.",
    ),
    "key": ("tjugo.commands.key_custody:key", "Seal, list, import and recover vending keys."),
    "meter": ("tjugo.commands.meter_clock:meter", "Add, list, edit, link and retire meters."),
    "micropython": (
        "tjugo.commands.micropython:micropython",
        "Print the MicroPython that simulated boards run on.",
    ),
    "outlet": ("tjugo.commands.vendor:outlet", "Add, list and edit outlets."),
    "pay": ("tjugo.commands.money_only:pay_", "Take a payment without energy."),
    "printer": ("tjugo.commands.printer:printer", "Add, list, test and remove printers."),
    "operator": ("tjugo.commands.operator:operator", "Add, list and change operators."),
    "provision": ("tjugo.commands.provision:provision", "Write a board's settings."),
    "refused": ("tjugo.commands.refused:refused", "Find out why a meter refused a token."),
    "receipt": ("tjugo.commands.receipt:receipt", "Show and print receipts."),
    "restore": ("tjugo.commands.backup:restore", "Make a station from a backup."),
    "site": ("tjugo.commands.site:site", "Add, list, move and remove sites of the network."),
    "sales": ("tjugo.commands.sales:sales", "List the newest sales and their delivery."),
    "sell": ("tjugo.commands.sell:sell", "Sell electricity: make a token."),
    "setting": ("tjugo.commands.clock:setting", "Show and change the station's settings."),
    "shift": ("tjugo.commands.shift:shift", "Open, cash up, report and bank shifts."),
    "soak": ("tjugo.commands.soak:command", "Run the bench for long, and check it."),
    "station": ("tjugo.commands.serve:station", "Run the master station's web page alone."),
    "status": ("tjugo.commands.status:status", "Show the health of the station."),
    "sts": ("tjugo.commands.sts:sts", "Load STA tables and make batches."),
    "stubs": ("tjugo.commands.build:stubs", "Check boards against their ports' stubs."),
    "tariff": ("tjugo.commands.tariff:tariff", "Propose, approve, assign and preview tariffs."),
    "token": ("tjugo.commands.token:token_group", "Decode tokens."),
    "utility": ("tjugo.commands.utility:utility", "Show and change the utility's particulars."),
    "vectors": ("tjugo.commands.vectors:command", "Check STS against a file of test vectors."),
    "vendor": ("tjugo.commands.vendor:vendor", "Add, list and edit vendors; statements."),
    "void": ("tjugo.commands.money_only:void_", "Void a sale whose token was not shown."),
    "webhook": ("tjugo.commands.webhook:webhook", "Notify other programs of sales and events."),
    "wiring": ("tjugo.commands.build:wiring", "Draw the wiring of real boards."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tjugo.__version__, prog_name="tjugo")
def group() -> None:
    """Open prepaid electricity: STS tokens from the sale to the lamp.

    The station's folder is given by the option --state of a command; otherwise it is $TJUGO_STATE,
    or build/state of the checkout.
    """


def main(argv: list[str] | None = None) -> NoReturn:
    """Run a command and exit: 0 success, 1 refused or failed, 2 wrong use, 130 interrupted."""
    sys.exit(_run(argv))


def _run(argv: list[str] | None) -> int:
    try:
        result = group.main(args=argv, prog_name="tjugo", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TjugoError as error:
        _say(error.message)
        return error.status
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        _drop_stdout()
        return 1
    except OSError as error:
        _drop_stdout()
        _say(f"{error.filename or 'The output'} could not be used: {error.strerror}.")
        return 1
    except Exception:
        _say(f"Something unforeseen went wrong; what it was is in {_log(traceback.format_exc())}.")
        return 1


def _say(message: str) -> None:
    try:
        click.echo(message, err=True)
    except OSError:
        # The error cannot be printed; the exit status still shows it.
        pass


def _drop_stdout() -> None:
    """Discard pending output. Python would try to write it on exit, and fail with a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _log(text: str) -> str:
    """Append to the log; return its path, or the error when it cannot be written."""
    from tjugo.log_file import append  # only when something failed

    state = default_state_dir()
    name = Path(tempfile.gettempdir()) / f"tjugo-{os.getuid()}.log"
    path = state / LOG if state.is_dir() else name
    try:
        append(path, text)
    except OSError:
        return f"no log (it cannot be written): {text.strip().splitlines()[-1]}"
    return str(path)
