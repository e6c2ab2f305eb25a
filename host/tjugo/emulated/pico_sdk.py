"""The Pico SDK and what else the rp2 port is built from, out of Debian 13, once, into the cache.

Debian 13's picotool wants a newer C library than an older Debian has, so it comes with its own
libraries and runs through their loader; nothing is installed.
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
    # What picotool needs to run. These and mbedtls follow the suite's security updates.
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
    """Where the parts are, once sdk_folder() has put them there."""

    def __init__(self, folder: Path) -> None:
        self.sdk = folder / "root/usr/src/pico-sdk"
        self.tinyusb = folder / "root/usr/src/tinyusb"
        self.mbedtls = folder / "mbedtls"
        self.picotool_cmake = folder / "root/usr/lib/cmake/picotool"
        self._manifest = folder / _MANIFEST

    def packages(self) -> list[str]:
        """File names of the packages, versions included, as they were downloaded."""
        names: list[str] = json.loads(self._manifest.read_text())
        return names


def pico_sdk(say: Callable[[str], None]) -> PicoSdk:
    """The parts, fetched when they are not in the cache yet. Raises TjugoError."""
    if not (_FOLDER / _MANIFEST).is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        say(f"Fetching the Pico SDK {SDK_VERSION} and mbedtls ({SUITE}, 34 MB, once) ...")
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
    """Let bin/picotool run with the libraries that came with it."""
    loaders = [*usr.glob("lib*/ld-linux-*.so.*"), *usr.glob("lib/*/ld-linux-*.so.*")]
    libraries = [path.parent for path in usr.glob("lib/*/libc.so.6")]
    if not loaders or not libraries:
        raise TjugoError("there is no loader in Debian's libc6 package for this machine")
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
