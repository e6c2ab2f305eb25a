"""The Pico SDK and the other sources of the rp2 port, downloaded once from Debian 13 to the cache.

Debian 13's picotool requires a newer C library than an older Debian has. It is therefore unpacked
with its own libraries and started through their loader; nothing is installed.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tjugo.errors import TjugoError
from tjugo.toolchain import debian_archive
from tjugo.toolchain.programs import run
from tjugo.toolchain.tools import CACHE

SUITE = "trixie"
SDK_VERSION = "2.1.1"
BINARIES = (
    f"pico-sdk-source={SDK_VERSION}-1",
    "tinyusb-source=0.18.0+dfsg-1",
    f"picotool={SDK_VERSION}+dfsg-1",
    # The libraries of picotool. Their versions and that of mbedtls follow the security updates.
    *("libc6", "libcap2", "libgcc-s1", "libstdc++6", "libudev1", "libusb-1.0-0"),
)
SOURCES = ("mbedtls",)

_FOLDER = CACHE / f"pico-sdk-{SDK_VERSION}"
_MANIFEST = "packages.json"
_PICOTOOL = """\
#!/bin/sh
here=$(dirname "$0")
exec "$here/../{loader}" --library-path "$here/../{libraries}" "$here/picotool.bin" "$@"
"""


class PicoSdk:
    """The paths of the parts, as unpacked by pico_sdk()."""

    def __init__(self, folder: Path) -> None:
        self.sdk = folder / "root/usr/src/pico-sdk"
        self.tinyusb = folder / "root/usr/src/tinyusb"
        self.mbedtls = folder / "mbedtls"
        self.picotool_cmake = folder / "root/usr/lib/cmake/picotool"
        self._manifest = folder / _MANIFEST

    def packages(self) -> list[str]:
        """Return the file names of the downloaded packages, with versions."""
        names: list[str] = json.loads(self._manifest.read_text())
        return names


def pico_sdk(progress: Callable[[str], None]) -> PicoSdk:
    """Return the parts, downloaded if they are not in the cache. Raise TjugoError."""
    if not (_FOLDER / _MANIFEST).is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        progress(f"Fetching the Pico SDK {SDK_VERSION} and mbedtls ({SUITE}, 34 MB, once) ...")
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="pico-sdk-new-") as work:
            _fetch(Path(work))
    return PicoSdk(_FOLDER)


def _fetch(work: Path) -> None:
    files = debian_archive.fetch([SUITE], work, BINARIES, SOURCES)
    new = work / "new"
    root = new / "root"
    root.mkdir(parents=True)
    debs = sorted(files.glob("*.deb"))
    for deb in debs:
        run(["dpkg-deb", "-x", str(deb), str(root)])
    (dsc,) = files.glob("mbedtls_*.dsc")
    run(["dpkg-source", "--require-strong-checksums", "-x", dsc.name, str(new / "mbedtls")], files)
    _wrap_picotool(root / "usr")
    (new / _MANIFEST).write_text(json.dumps([path.name for path in [*debs, dsc]], indent=1) + "\n")
    try:
        new.rename(_FOLDER)
    except OSError:
        if not (_FOLDER / _MANIFEST).is_file():  # else another process was faster
            raise TjugoError(f"{_FOLDER} cannot be written") from None


def _wrap_picotool(usr: Path) -> None:
    """Replace bin/picotool by a script that starts it with its own libraries."""
    loaders = [*usr.glob("lib*/ld-linux-*.so.*"), *usr.glob("lib/*/ld-linux-*.so.*")]
    libraries = [path.parent for path in usr.glob("lib/*/libc.so.6")]
    if not loaders or not libraries:
        raise TjugoError("Debian's libc6 package has no loader for this machine")
    program = usr / "bin/picotool"
    shutil.move(program, usr / "bin/picotool.bin")
    program.write_text(
        _PICOTOOL.format(
            loader=loaders[0].relative_to(usr),
            libraries=libraries[0].relative_to(usr),
        )
    )
    program.chmod(0o755)
    run([str(program), "version"])
