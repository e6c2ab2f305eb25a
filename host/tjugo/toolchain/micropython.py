"""The MicroPython of the simulated boards: found or downloaded once, and tested."""

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
No MicroPython was found, and the simulated boards need it. Use one of these:
  sudo apt-get install -y micropython      (Debian 13, Ubuntu 24.04)
  make run MICROPYTHON=/path/to/micropython
  make run DEBIAN_MIRROR=http://...        (a Debian mirror, on a machine that is not Debian's;
                                            needs: sudo apt-get install -y debian-archive-keyring)
What was tried:
{tried}"""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Runtime:
    """A MicroPython that has been tested. `source` describes its origin."""

    argv: list[str]
    source: str
    bits: int
    version: str

    def __str__(self) -> str:
        return f"{self.version}, {self.bits}-bit, {self.source}"


def find_micropython(progress: Progress | None = None) -> list[str]:
    """Return the command that starts MicroPython, as an argv to which options can be appended.

    progress: called with a line of text before a long operation. Raise TjugoError, status 2.
    """
    return find_runtime(progress=progress).argv


def describe() -> str:
    """Return one line: version, 32 or 64 bits, and origin. Raise TjugoError, status 2."""
    return str(find_runtime())


def find_runtime(
    progress: Progress | None = None,
    environ: Mapping[str, str] = os.environ,
    cache: Path = CACHE,
) -> Runtime:
    """Find MICROPYTHON, else the project's cache, else Debian's i386 package, else the system's.

    The program in MICROPYTHON is used or refused, never replaced by another. Raise TjugoError,
    status 2, with the attempts and possible solutions.
    """
    report = progress or (lambda line: None)
    named = environ.get("MICROPYTHON")
    if named:
        return _named(named)
    fetcher = Fetcher(cache, report, environ.get("DEBIAN_MIRROR"))
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
    """Run a MicroPython and check that it suits a simulated board. Raise FetchError if not."""
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
        output = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise FetchError(f"{argv[0]}: is not a MicroPython a simulated board can run on: {output}")
    version = words[1].split(";")[1].strip().split(" on ")[0]
    return Runtime(argv, source, 32 if int(words[0]) < 2**32 else 64, version)
