"""Packages from Debian's archive, downloaded without changing the system.

apt runs with a separate state: nothing under /etc changes and no privilege is needed. apt checks
the archive's signature and the packages' checksums as usual.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tjugo.errors import TjugoError
from tjugo.toolchain.programs import run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_RELEASES = (
    *("bookworm", "trixie", "forky"),
    *("oldstable", "stable", "testing", "sid", "unstable"),
)
# Read last, so that it overrides the system's settings: a separate package state and no hooks.
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
_ARCHITECTURE_CONF = """\
#clear APT::Architectures;
APT::Architecture "{name}";
APT::Architectures {{ "{name}"; }};
"""


def sites(mirror: str | None) -> list[str]:
    """Return addresses of Debian's archive: the given mirror, else those of this machine's apt.

    Raise TjugoError if there is none, or if apt or the archive's keyring is missing.
    """
    if shutil.which("apt-get") is None:
        raise TjugoError("this machine has no apt-get")
    if not KEYRING.is_file():
        raise TjugoError(f"{KEYRING} is missing")
    if mirror:
        return [mirror]
    form = "$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    found = listed(run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]))
    if not found:
        raise TjugoError("this machine's apt has no Debian mirror")
    return found


def listed(indexes: str) -> list[str]:
    """Return the addresses of Debian's archive in apt-get's `site|release|component|origin`.

    The origin is empty before the first update. Third parties use other release or component
    names, and apt would refuse their signatures.
    """
    found: list[str] = []
    for line in indexes.splitlines():
        site, release, component, origin = [*line.split("|"), "", "", ""][:4]
        ours = component == "main" and release in _RELEASES and origin in ("Debian", "")
        if ours and site not in found and not site.startswith("cdrom:"):
            found.append(site)
    return found


def apt_conf(work: Path, architecture: str | None = None) -> str:
    """Return apt's configuration for the folder `work`, for this architecture or another."""
    more = _ARCHITECTURE_CONF.format(name=architecture) if architecture else ""
    return _APT_CONF.format(work=work) + more


def download(
    site: str,
    suite: str,
    work: Path,
    binaries: Sequence[str] = (),
    sources: Sequence[str] = (),
    architecture: str | None = None,
    snapshot: bool = False,
) -> None:
    """Download packages into the empty folder `work`: .deb files, and .dsc with their tarballs.

    Names may include a version, like "pioasm=2.1.1-1". snapshot: the archive may be an old one,
    whose signature is valid but whose date has passed. Raise TjugoError with the end of apt's
    output.
    """
    for name in ("state", "lists/partial", "cache/archives/partial", "log"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    options = f"signed-by={KEYRING}" + (" check-valid-until=no" if snapshot else "")
    kinds = [kind for kind, wanted in (("deb", binaries), ("deb-src", sources)) if wanted]
    lines = [f"{kind} [{options}] {site} {suite} main\n" for kind in kinds]
    (work / "sources.list").write_text("".join(lines))
    conf = work / "apt.conf"
    conf.write_text(apt_conf(work, architecture))
    apt = ["apt-get", "-q", "-c", str(conf)]
    run([*apt, "update", "--error-on=any"])
    if binaries:
        run([*apt, "download", *binaries], cwd=work)
    if sources:
        run([*apt, "source", "--download-only", *sources], cwd=work)


def fetch(
    suites: Sequence[str],
    work: Path,
    binaries: Sequence[str] = (),
    sources: Sequence[str] = (),
) -> Path:
    """Download from the first mirror and suite that has all packages. Return the folder.

    DEBIAN_MIRROR replaces the mirrors of the machine. Raise TjugoError with every attempt and the
    reason of its failure.
    """
    failures = []
    tries = [(s, suite) for s in sites(os.environ.get("DEBIAN_MIRROR")) for suite in suites]
    for number, (site, suite) in enumerate(tries):
        folder = work / f"mirror-{number}"
        try:
            download(site, suite, folder, binaries, sources, snapshot=True)
            return folder
        except TjugoError as why:
            failures.append(f"  {site} {suite}: {reason(why)}")
    raise TjugoError(
        "packages of Debian's archive could not be downloaded:\n"
        + "\n".join(failures)
        + "\nDEBIAN_MIRROR=... selects another mirror or a snapshot of Debian's archive."
    )


def reason(error: TjugoError) -> str:
    """Return the first error line in the output of a failed apt, else the last line."""
    lines = error.message.splitlines()
    return next((line for line in lines if line.startswith("E:")), lines[-1])
