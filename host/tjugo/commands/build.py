"""Commands for developers of firmware or boards: images, counts, checks, drawings, figures."""

import sys
from pathlib import Path

import click

from tjugo.device import targets
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO


def _progress(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option("--board", required=True, help=", ".join(targets.TARGETS))
@click.option("--role", required=True, help=", ".join(targets.ROLES))
def freeze(board: str, role: str) -> None:
    """Print a manifest.py with which MicroPython's build freezes a meter or collector in.

    docs/devices.md has what to do with it.
    """
    from tjugo.device import freeze

    click.echo(freeze.manifest(targets.target(board), role), nl=False)


@click.command()
@click.option("--board", required=True, help=", ".join(targets.TARGETS))
@click.option("--role", required=True, help=", ".join(targets.ROLES))
@click.argument("module")
@click.argument("line", type=int)
def line(board: str, role: str, module: str, line: int) -> None:
    """Print the file and line of a line of MODULE that a crash report names.

    Modules that are always loaded together are one on a board; its lines are others than those of
    the sources. The sources here must be those that were deployed.
    """
    path, number = targets.place(targets.target(board), role, module, line)
    click.echo(f"{path.relative_to(REPO)}:{number}: {path.read_text().splitlines()[number - 1]}")


@click.command()
@click.argument("what", nargs=-1)
@click.option("--budgets", type=click.Path(path_type=Path), help="Write the figures here, too.")
def count(what: tuple[str, ...], budgets: Path | None) -> None:
    """Count instructions and heap bytes on the emulated Cortex-M3, the same at every run.

    WHAT is a suite (sts, ciphers, app), or a script that calls counter.measure(name, function).
    """
    from tjugo.device import count, count_app

    found: dict[str, int] = {}
    for name in what or count.SUITES:
        found |= count_app.figures() if name == count_app.SUITE else count.run(name)
    if budgets:
        count.keep(budgets, found)
    for name, value in sorted(found.items()):
        click.echo(f"{name:<44} {value:>10,}")


@click.command()
def stubs() -> int:
    """Check boards and drivers against what each port of MicroPython has (mypy)."""
    from tjugo.device import stubs

    found = stubs.findings_of_all(_progress)
    for line in found:
        click.echo(line)
    _progress(f"{', '.join(stubs.boards())}: {len(found)} findings against the ports' stubs")
    return 1 if found else 0


@click.command()
@click.option("--board", required=True, help="rp2040_pico, rp2350_pico2_w, qemu_mps2")
@click.option("--role", required=True, help=", ".join(targets.ROLES))
def image(board: str, role: str) -> None:
    """Build MicroPython's firmware with a meter or collector frozen into it; print its path.

    docs/devices.md has what to do with it, and the way for the other boards.
    """
    from tjugo.device import images

    click.echo(images.image(targets.target(board), role, _progress))


@click.command()
@click.argument("board", type=click.Choice(["qemu", "pico"]))
def firmware(board: str) -> None:
    """Build the firmware of an emulated board, where an input changed; print its path."""
    from tjugo.emulated import pico_build, qemu_build

    build = {"qemu": qemu_build, "pico": pico_build}[board].firmware
    click.echo(build(_progress))


@click.command()
@click.argument("boards", nargs=-1, metavar="[BOARD]...")
@click.option("--check", is_flag=True, help="Write nothing; status 1 if one is old.")
def wiring(boards: tuple[str, ...], check: bool) -> int:
    """Draw the wiring of real boards from their pins.py; all boards if none is named."""
    from tjugo.wiring import pages

    found = pages.update(boards, check)
    for path in found:
        click.echo(f"{'out of date' if check else 'wrote'}: {path.relative_to(pages.REPO)}")
    return 1 if found and check else 0


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write.")
def benchmark(names: tuple[str, ...], out: Path | None) -> int:
    """Run benchmarks, print a table, write build/benchmarks.json.

    A NAME is the beginning of benchmarks' names; all are run if none is given. Figures that are
    not measured this time are kept in the file.
    """
    from tjugo.benchmarks import runner

    target = out or runner.OUT
    runner.load()
    rows, well = runner.run(runner.chosen(names))
    try:
        runner.write(target, rows)
    except OSError as error:
        raise TjugoError(f"{target} cannot be written: {error}") from None
    click.echo(f"written to {target}")
    sys.stdout.flush()
    return 0 if well else 1
