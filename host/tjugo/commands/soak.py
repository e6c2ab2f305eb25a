"""`tjugo soak`: run the bench for a long time and print the counts."""

import click

from tjugo.bench import soak


@click.command("soak")
@click.option("--minutes", type=click.FloatRange(0.2), default=60, show_default=True)
@click.option("--speed", type=click.IntRange(1, 3600), default=60, show_default=True)
@click.option("--meters", type=click.IntRange(1, 20), default=2, show_default=True)
@click.option(
    "--every",
    type=click.FloatRange(1),
    default=60,
    show_default=True,
    help="Seconds of real time between sales.",
)
@click.option("--kills", is_flag=True, help="kill -9 a board every third sale.")
@click.option("--seed", type=int, default=1, show_default=True)
def command(minutes: float, speed: int, meters: int, every: float, kills: bool, seed: int) -> int:
    """Run the bench for a long time and check memory, lost tokens and tokens counted twice."""
    return soak.run(soak.Options(minutes, speed, meters, every, kills, seed))
