"""Build the wheel and the sdist of sts_portable alone: `make dist`. Nothing is published.

Usage: dist.py FOLDER. The sdist is made first and the wheel from what is in it, so that both are
complete. Needs setuptools 77, no network.
"""

import contextlib
import io
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from setuptools import build_meta

SOURCE = Path(__file__).resolve().parents[1] / "sts_portable"
# What a checkout may have beside the sources.
_LEAVE = shutil.ignore_patterns("__pycache__", "build", "*.egg-info", "package.json")


def build(out: Path) -> list[Path]:
    """Return the sdist and the wheel, new in the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sts-portable-") as name:
        folder = Path(name)
        source = shutil.copytree(SOURCE, folder / "source", ignore=_LEAVE)
        sdist = out.resolve() / _in(source, build_meta.build_sdist, folder)
        shutil.move(folder / sdist.name, sdist)
        with tarfile.open(sdist) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        (unpacked,) = (folder / "unpacked").iterdir()
        wheel = out.resolve() / _in(unpacked, build_meta.build_wheel, folder)
        shutil.move(folder / wheel.name, wheel)
    return [sdist, wheel]


def _in(source: Path, hook: Callable[[str], str], out: Path) -> str:
    """Return the name of what a build hook makes; hooks run in the folder of their project."""
    before = Path.cwd()
    os.chdir(source)
    log = io.StringIO()
    try:
        with contextlib.redirect_stdout(log):
            return hook(str(out))
    except BaseException:
        sys.stderr.write(log.getvalue())
        raise
    finally:
        os.chdir(before)


if __name__ == "__main__":
    for made in build(Path(sys.argv[1])):
        print(made)
