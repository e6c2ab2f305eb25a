"""Which MicroPython the simulated boards run on: found or fetched once, and seen to run."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tjugo.errors import TjugoError
from tjugo.toolchain.micropython_debian import Fetcher, FetchError
from tjugo.toolchain.tools import CACHE

_PROBE = (
    "import sys\nimport asyncio, ffi, select, socket, termios\nprint(sys.maxsize, sys.version)"
)

_HELP = """\
No MicroPython was found, and the simulated boards cannot run without it. One of these will help:
  sudo apt-get install -y micropython      (Debian 13, Ubuntu 24.04)
  make run MICROPYTHON=/path/to/micropython
  make run DEBIAN_MIRROR=http://...        (a Debian mirror, on a machine that is not Debian's;
                                            needs: sudo apt-get install -y debian-archive-keyring)
What was tried:
{tried}"""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Runtime:
    """A MicroPython that has been seen to run. `source` says in words where it is from."""

    argv: list[str]
    source: str
    bits: int
    version: str

    def __str__(self) -> str:
        return f"{self.version}, {self.bits}-bit, {self.source}"


def find_micropython(progress: Say | None = None) -> list[str]:
    """The command that starts MicroPython, as an argv to put options behind.

    progress: called with a line of text while something takes long. Raises TjugoError, status 2.
    """
    return find_runtime(progress=progress).argv


def describe() -> str:
    """One line: version, 32 or 64 bits, where it was taken from. TjugoError, status 2."""
    return str(find_runtime())


def find_runtime(
    progress: Say | None = None,
    environ: Mapping[str, str] = os.environ,
    cache: Path = CACHE,
) -> Runtime:
    """MICROPYTHON, else the project's cache, else Debian's i386 package, else the system's.

    What MICROPYTHON names is taken or refused, never replaced by another. TjugoError, status 2,
    says which ways were tried and what would help.
    """
    say = progress or (lambda line: None)
    named = environ.get("MICROPYTHON")
    if named:
        return _named(named)
    fetcher = Fetcher(cache, say, environ.get("DEBIAN_MIRROR"))
    tried = []
    for way in (_cached_or_fetched, _system):
        try:
            return way(fetcher)
        except FetchError as why:
            tried.append(f"  {why}")
    raise TjugoError(_HELP.format(tried="\n".join(tried)), status=2)


def _named(name: str) -> Runtime:
    path = shutil.which(name)
    if path is None:
        raise TjugoError(f"MICROPYTHON={name}: there is no such program", status=2)
    try:
        return probe([path], "named by MICROPYTHON")
    except FetchError as why:
        raise TjugoError(f"MICROPYTHON={why}", status=2) from None


def _cached_or_fetched(fetcher: Fetcher) -> Runtime:
    if platform.machine() not in ("x86_64", "AMD64", "i386", "i686"):
        raise FetchError(f"Debian's i386 package: {platform.machine()} processors cannot run it")
    argv = fetcher.cached()
    if argv is None:
        argv = fetcher.fetch(lambda candidate: probe(candidate, ""))
    return probe(argv, "Debian's i386 package in build/cache")


def _system(fetcher: Fetcher) -> Runtime:
    path = shutil.which("micropython")
    if path is None:
        raise FetchError("the system's micropython: not installed")
    return probe([path], f"the system's {path}")


def probe(argv: list[str], source: str) -> Runtime:
    """Run it, and see that it has what a simulated board needs. Raises FetchError."""
    try:
        done = subprocess.run(
            [*argv, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{argv[0]}: does not run: {error}") from None
    words = done.stdout.split(None, 1)
    if done.returncode or len(words) != 2 or "MicroPython" not in words[1]:
        said = (done.stderr.strip() or done.stdout.strip() or "said nothing").splitlines()[-1]
        raise FetchError(f"{argv[0]}: is not a MicroPython a simulated board can run on: {said}")
    version = words[1].split(";")[1].strip().split(" on ")[0]
    return Runtime(argv, source, 32 if int(words[0]) < 2**32 else 64, version)
