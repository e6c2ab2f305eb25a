"""A build that is repeated only if one of its inputs has changed."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# MicroPython's build writes a date into the firmware; with a fixed one equal inputs give equal
# bytes.
SOURCE_DATE_EPOCH = "1757779200"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Frozen:
    """Modules to be frozen into an image. name: of the image's folder; manifest: the text of its
    manifest.py; inputs: SHA-256 of the modules, by name."""

    name: str
    manifest: str
    inputs: dict[str, str]

    def write(self, folder: Path) -> Path:
        """Write manifest.py into the folder; return its path."""
        path = folder / "manifest.py"
        path.write_text(self.manifest)
        return path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def built(
    product: Path, inputs: Mapping[str, str], build: Callable[[], None], progress: Progress
) -> Path:
    """Return `product`, first made by build() unless it exists and was made from these inputs.

    inputs: all its dependencies, by name. One build runs at a time; a second program waits and
    uses the result. build() may raise TjugoError.
    """
    stamp = product.parent / "stamp.json"
    with locked(product.parent / "lock"):
        if product.is_file() and _read(stamp) == inputs:
            return product
        started = time.monotonic()
        stamp.unlink(missing_ok=True)
        build()
        _write(stamp, inputs)
        progress(f"Built {product} in {time.monotonic() - started:.0f} s")
    return product


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file during the block. Wait until no other program holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(stamp: Path) -> object:
    try:
        return json.loads(stamp.read_text())
    except (OSError, ValueError):
        return None


def _write(stamp: Path, inputs: Mapping[str, str]) -> None:
    new = stamp.with_suffix(".new")
    new.write_text(json.dumps(inputs, indent=1) + "\n")
    os.replace(new, stamp)
