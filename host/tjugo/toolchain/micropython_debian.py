"""Debian's i386 MicroPython, downloaded by the machine's apt into the project's cache.

The 32-bit unix port is most similar to a board: integers beyond 30 bits are on the heap in both.
Nothing outside the cache changes, and no privilege is needed. The program is started through the
loader of its packages.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tjugo.errors import TjugoError
from tjugo.toolchain import debian_archive
from tjugo.toolchain.programs import run

SUITE = "trixie"
MICROPYTHON = "micropython=1.25.0+ds-1"
LIBRARIES = ("libc6", "libffi8", "libgcc-s1", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
FOLDER = "micropython-1.25.0-i386"

_LOADER = "ld-linux.so.2"
_MANIFEST = "manifest.json"

Check = Callable[[list[str]], object]  # of a command that runs MicroPython; raises FetchError


class FetchError(TjugoError):
    """An attempt to find a MicroPython has failed; the text gives the reason."""


class Fetcher:
    """The cache folder and its content. mirror: used instead of the machine's apt sources."""

    def __init__(
        self, cache: Path, progress: Callable[[str], None], mirror: str | None = None
    ) -> None:
        self._cache = cache
        self._progress = progress
        self._mirror = mirror

    def cached(self) -> list[str] | None:
        """Return the argv of the MicroPython in the cache, None if it is missing or damaged."""
        folder = self._cache / FOLDER
        if not folder.is_dir():
            return None
        if is_intact(folder):
            return argv_of(folder)
        self._progress(f"{folder} is damaged: its checksums do not match. Fetching it again.")
        shutil.rmtree(folder)
        return None

    def fetch(self, check: Check) -> list[str]:
        """Download, unpack and `check` MicroPython, move it into the cache, return its argv."""
        try:
            sites = debian_archive.sites(self._mirror)
        except TjugoError as why:
            raise FetchError(f"Debian's i386 package: {why.message}") from None
        if shutil.which("dpkg-deb") is None:
            raise FetchError("Debian's i386 package: this machine has no dpkg-deb")
        failures = []
        for site in sites:
            self._progress(f"Fetching MicroPython for i386 ({SUITE}, 13 MB, once) from {site} ...")
            try:
                self._cache.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(dir=self._cache, prefix="fetch-") as work:
                    return self._fetch_from(site, Path(work), check)
            except TjugoError as why:
                failures.append(debian_archive.reason(why))
            except OSError as why:
                failures.append(str(why))
        raise FetchError("Debian's i386 package: " + "; ".join(failures))

    def _fetch_from(self, site: str, work: Path, check: Check) -> list[str]:
        packages = work / "packages"
        debian_archive.download(
            site, SUITE, packages, binaries=(MICROPYTHON, *LIBRARIES), architecture="i386"
        )
        new = work / FOLDER
        _unpack(packages, work / "root", new)
        check(argv_of(new))
        final = self._cache / FOLDER
        try:
            new.rename(final)
        except OSError:  # another process was faster
            if not is_intact(final):
                raise FetchError(f"{final} cannot be written") from None
        self._progress("MicroPython is in place.")
        return argv_of(final)


def argv_of(folder: Path) -> list[str]:
    """Return the argv with the packages' loader: the machine needs no i386 libraries."""
    lib = folder / "lib"
    return [str(lib / _LOADER), "--library-path", str(lib), str(folder / "micropython")]


def is_intact(folder: Path) -> bool:
    """Return whether the files have the SHA-256 sums recorded when they were unpacked."""
    try:
        files = json.loads((folder / _MANIFEST).read_text())["files"]
        return bool(files) and all(_sha256(folder / name) == files[name] for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _unpack(downloaded: Path, root: Path, new: Path) -> None:
    """Copy the required files out of the packages, with a manifest of their checksums."""
    packages = sorted(downloaded.glob("*.deb"))
    if len(packages) != 1 + len(LIBRARIES):
        raise FetchError(f"apt-get brought {len(packages)} packages of {1 + len(LIBRARIES)}")
    for package in packages:
        run(["dpkg-deb", "-x", str(package), str(root)])
    (new / "lib").mkdir(parents=True)
    shutil.copy2(root / "usr/bin/micropython", new / "micropython")
    for path in (root / "usr/lib/i386-linux-gnu").glob("*.so*"):
        if path.is_file():
            shutil.copy2(path, new / "lib" / path.name)
    files = {str(p.relative_to(new)): _sha256(p) for p in sorted(new.rglob("*")) if p.is_file()}
    sums = {package.name: _sha256(package) for package in packages}
    manifest = {"suite": SUITE, "packages": sums, "files": files}
    (new / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
