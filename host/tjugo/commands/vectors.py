"""`tjugo vectors`: check STS against a file of test vectors."""

from collections.abc import Iterator
from pathlib import Path

import click

from tjugo.sts import vectors

_RUNTIMES = ("cpython", "micropython", "qemu")


def _outcomes(found: list[vectors.Vector], runtime: str) -> Iterator[vectors.Outcome]:
    if runtime == "cpython":
        return vectors.on_cpython(found)
    if runtime == "micropython":
        from tjugo.toolchain.micropython import find_micropython

        return vectors.on_micropython(found, find_micropython())
    from tjugo.device import vectors as device_vectors

    return device_vectors.outcomes(found, runtime)


@click.command(name="vectors")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--on",
    "runtime",
    default="cpython",
    show_default=True,
    metavar="WHERE",
    help="cpython, micropython, qemu (the emulated board), or a board's serial port.",
)
def command(file: Path, runtime: str) -> None:
    """Run the STS test vectors of FILE and print those that fail."""
    if runtime not in _RUNTIMES and not Path(runtime).exists():
        raise click.BadParameter(
            f"{', '.join(_RUNTIMES)}, or a board's serial port", param_hint="--on"
        )
    found = vectors.load(file)
    status = vectors.run(found, _outcomes(found, runtime), click.echo)
    if status:
        raise SystemExit(status)
