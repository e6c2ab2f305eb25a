"""`tjugo benchmark`: benchmarks by name, run, printed, and their figures kept in a file."""

import importlib
import json
import os
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tjugo.benchmarks
from tjugo.benchmarks.registry import BENCHMARKS, Benchmark, Skip
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

OUT = REPO / "build" / "benchmarks.json"


def load() -> None:
    """Import every module of this package, so that all benchmarks are registered."""
    for module in pkgutil.iter_modules(tjugo.benchmarks.__path__):
        if module.name != "runner":
            importlib.import_module(f"tjugo.benchmarks.{module.name}")


def chosen(names: Sequence[str]) -> list[Benchmark]:
    """Return the benchmarks whose name begins with one of `names`, or all. Raise TjugoError."""
    wanted = tuple(names) or ("",)
    found = [one for name, one in sorted(BENCHMARKS.items()) if name.startswith(wanted)]
    if not found:
        raise TjugoError(f"No benchmark is named {' or '.join(names)}.", status=2)
    return found


def _number(value: float) -> str:
    """Return a figure as it is printed: whole, but what is less than one to three digits."""
    return f"{value:.3g}" if 0 < abs(value) < 1 else f"{value:,.0f}"


def run(benchmarks: Sequence[Benchmark]) -> tuple[list[dict[str, Any]], bool]:
    """Run and print each benchmark. Return the figures, and whether none failed."""
    rows, well = [], True
    width = max(len(b.name) for b in benchmarks)
    for one in benchmarks:
        print(f"{one.name:<{width}}  ", end="", flush=True)
        try:
            figure = one.function()
        except Skip as why:
            print(f"{'-':>12}  skipped: {why}")
            continue
        except TjugoError as error:
            print(f"{'-':>12}  failed: {error.message}")
            well = False
            continue
        row = {"name": one.name, "value": figure.value, "unit": one.unit}
        rows.append({**row, "context": figure.context})
        about = ", ".join(f"{key} {value}" for key, value in figure.context.items())
        print(f"{_number(figure.value):>12}  {one.unit:<9} {about}")
    return rows, well


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Merge the figures with those of other names in the file, sorted, atomically."""
    try:
        kept = {row["name"]: row for row in json.loads(path.read_text())}
    except (OSError, ValueError, KeyError, TypeError):
        kept = {}
    merged = {**{n: r for n, r in kept.items() if n in BENCHMARKS}, **{r["name"]: r for r in rows}}
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps([merged[name] for name in sorted(merged)], indent=1) + "\n")
    os.replace(new, path)
