"""Packages out of Debian's archive, without changing the machine.

apt does the work with a state of its own: nothing under /etc changes and no right is needed. The
archive's signature and the packages' checksums are checked by apt as always.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tjugo.device.toolchain import run
from tjugo.errors import TjugoError
from tjugo.runtime_debian import KEYRING, debian_sites

_APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
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


def sites() -> list[str]:
    """Addresses of Debian's archive: DEBIAN_MIRROR if set, else this machine's own mirrors."""
    mirror = os.environ.get("DEBIAN_MIRROR")
    if mirror:
        return [mirror]
    if shutil.which("apt-get") is None or not KEYRING.is_file():
        return []
    form = "$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    return debian_sites(run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]))


def download(
    site: str,
    suite: str,
    work: Path,
    binaries: Sequence[str] = (),
    sources: Sequence[str] = (),
) -> None:
    """Download packages into the empty folder `work`: .deb files, and .dsc with their tarballs.

    Names may carry a version, like "pioasm=2.1.1-1". Raises TjugoError with apt's last words.
    """
    for name in ("state", "lists/partial", "cache/archives/partial", "log"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    # A snapshot's signature is as good as ever, but its date has passed.
    options = f"signed-by={KEYRING} check-valid-until=no"
    kinds = [kind for kind, wanted in (("deb", binaries), ("deb-src", sources)) if wanted]
    lines = [f"{kind} [{options}] {site} {suite} main\n" for kind in kinds]
    (work / "sources.list").write_text("".join(lines))
    conf = work / "apt.conf"
    conf.write_text(_APT_CONF.format(work=work))
    apt = ["apt-get", "-q", "-c", str(conf)]
    run([*apt, "update", "--error-on=any"])
    if binaries:
        run([*apt, "download", *binaries], cwd=work)
    if sources:
        run([*apt, "source", "--download-only", *sources], cwd=work)


def fetch(
    suite: str,
    work: Path,
    binaries: Sequence[str] = (),
    sources: Sequence[str] = (),
) -> Path:
    """download() from the first mirror that has everything; the folder with the files.

    Raises TjugoError that names every mirror tried and why it would not do.
    """
    failures = []
    for number, site in enumerate(sites()):
        folder = work / f"mirror-{number}"
        try:
            download(site, suite, folder, binaries, sources)
            return folder
        except TjugoError as why:
            failures.append(f"{site} {suite}: {why.message.splitlines()[-1]}")
    raise TjugoError(
        "packages of Debian's archive could not be had:\n  "
        + "\n  ".join(failures or ["there is no Debian mirror among this machine's apt sources"])
        + "\nDEBIAN_MIRROR=... names another mirror or a snapshot of Debian's archive."
    )
