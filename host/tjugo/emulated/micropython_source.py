"""MicroPython's source, as packaged by Debian, downloaded once into the project's cache.

apt checks the archive's signature, and the package must also have the checksum below, so that the
firmware and every figure measured with it are reproducible.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from tjugo.emulated.build_once import locked
from tjugo.errors import TjugoError
from tjugo.toolchain import debian_archive
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import CACHE, MICROPYTHON_VERSION

PACKAGE_VERSION = f"{MICROPYTHON_VERSION}+ds-1"
DSC_SHA256 = "5c3feac74c0ad2ec2a8810b04e223bd634023bd24c5e5e10b545ba05a6b74a65"
SUITES = ("sid", "testing")

_FOLDER = CACHE / f"micropython-{PACKAGE_VERSION}"
_DSC = f"micropython_{PACKAGE_VERSION}.dsc"


def source_folder(progress: Callable[[str], None]) -> Path:
    """Return the folder of the patched source, downloaded if missing. Raise TjugoError.

    MICROPYTHON_SOURCE names a folder to use instead, for a system other than Debian.
    DEBIAN_MIRROR replaces the machine's own mirrors; it may be a snapshot of the archive if Debian
    no longer has this version.
    """
    named = os.environ.get("MICROPYTHON_SOURCE")
    if named:
        folder = Path(named).resolve()
        if not (folder / "ports/qemu/Makefile").is_file():
            raise TjugoError(f"MICROPYTHON_SOURCE={named}: the folder has no ports/qemu")
        return folder
    if not _FOLDER.is_dir():
        with locked(CACHE / "source.lock"):
            if not _FOLDER.is_dir():
                _fetch(progress)
    return _FOLDER


def _fetch(progress: Callable[[str], None]) -> None:
    progress(f"Fetching MicroPython {PACKAGE_VERSION}'s source (6 MB, once) ...")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="source-") as name:
        try:
            package = f"micropython={PACKAGE_VERSION}"
            folder = debian_archive.fetch(SUITES, Path(name), sources=[package])
        except TjugoError as why:
            raise TjugoError(
                f"{why.message}\nMICROPYTHON_SOURCE=... names a folder with MicroPython's source."
            ) from None
        digest = hashlib.sha256((folder / _DSC).read_bytes()).hexdigest()
        if digest != DSC_SHA256:
            raise TjugoError(f"{_DSC} is not the expected one: its sha256 is {digest}")
        _unpack(folder)


def _unpack(work: Path) -> None:
    """Check the tarballs against the .dsc, apply Debian's patches, move the result into place."""
    run(["dpkg-source", "--require-strong-checksums", "-x", _DSC, "unpacked"], cwd=work)
    (work / "unpacked").rename(_FOLDER)
