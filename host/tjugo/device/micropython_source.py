"""MicroPython's source, as Debian packages it, fetched once into the project's cache.

apt does the work with a state of its own: nothing under /etc changes and no right is needed. The
archive's signature is checked by apt, and what comes must also be the one package named here, so
that the firmware and every number measured on it can be had again.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tjugo.device.toolchain import CACHE, MICROPYTHON_VERSION, run
from tjugo.errors import TjugoError
from tjugo.runtime_debian import KEYRING, debian_sites

PACKAGE_VERSION = f"{MICROPYTHON_VERSION}+ds-1"
DSC_SHA256 = "5c3feac74c0ad2ec2a8810b04e223bd634023bd24c5e5e10b545ba05a6b74a65"
SUITES = ("sid", "testing")

_FOLDER = CACHE / f"micropython-{PACKAGE_VERSION}"
_DSC = f"micropython_{PACKAGE_VERSION}.dsc"
_APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{work}/state";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Log "{work}/log";
"""


def source_folder(say: Callable[[str], None]) -> Path:
    """The unpacked and patched source, fetched when it is not there yet. Raises TjugoError.

    MICROPYTHON_SOURCE names a folder to take instead, for a machine that is not Debian's.
    DEBIAN_MIRROR is tried in place of the machine's own mirrors; a snapshot of the archive will do
    once Debian has moved on to a newer version.
    """
    named = os.environ.get("MICROPYTHON_SOURCE")
    if named:
        folder = Path(named).resolve()
        if not (folder / "ports/qemu/Makefile").is_file():
            raise TjugoError(f"MICROPYTHON_SOURCE={named}: there is no ports/qemu in it")
        return folder
    if not _FOLDER.is_dir():
        _fetch(say)
    return _FOLDER


def _fetch(say: Callable[[str], None]) -> None:
    failures = []
    CACHE.mkdir(parents=True, exist_ok=True)
    for site in _sites():
        for suite in SUITES:
            say(f"Fetching MicroPython {PACKAGE_VERSION}'s source ({suite}, 6 MB, once) ...")
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="source-") as name:
                try:
                    _download(site, suite, Path(name))
                    _unpack(Path(name))
                    return
                except TjugoError as why:
                    failures.append(f"{site} {suite}: {why.message.splitlines()[-1]}")
    raise TjugoError(
        "MicroPython's source package could not be had:\n  "
        + "\n  ".join(failures or ["there is no Debian mirror among this machine's apt sources"])
        + "\nDEBIAN_MIRROR=... names another mirror or a snapshot of Debian's archive, "
        "MICROPYTHON_SOURCE=... a folder with the source."
    )


def _sites() -> list[str]:
    mirror = os.environ.get("DEBIAN_MIRROR")
    if mirror:
        return [mirror]
    if shutil.which("apt-get") is None or not KEYRING.is_file():
        return []
    form = "$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    return debian_sites(run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]))


def _download(site: str, suite: str, work: Path) -> None:
    for name in ("state", "lists/partial", "cache/archives/partial", "log"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    # A snapshot's signature is as good as ever, but its date has passed.
    options = f"signed-by={KEYRING} check-valid-until=no"
    (work / "sources.list").write_text(f"deb-src [{options}] {site} {suite} main\n")
    conf = work / "apt.conf"
    conf.write_text(_APT_CONF.format(work=work))
    apt = ["apt-get", "-q", "-c", str(conf)]
    run([*apt, "update", "--error-on=any"])
    run([*apt, "source", "--download-only", f"micropython={PACKAGE_VERSION}"], cwd=work)
    seen = hashlib.sha256((work / _DSC).read_bytes()).hexdigest()
    if seen != DSC_SHA256:
        raise TjugoError(f"{_DSC} is not the expected one: its sha256 is {seen}")


def _unpack(work: Path) -> None:
    """Checks the tarballs against the .dsc, applies Debian's patches, then moves into place."""
    run(["dpkg-source", "--require-strong-checksums", "-x", _DSC, "unpacked"], cwd=work)
    try:
        (work / "unpacked").rename(_FOLDER)
    except OSError:
        if not _FOLDER.is_dir():  # else another process was faster
            raise TjugoError(f"{_FOLDER} cannot be written") from None
