"""Packages out of Debian's archive, without changing the machine.

apt does the work with a state of its own: nothing under /etc changes and no right is needed. The
archive's signature and the packages' checksums are checked by apt as always.
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
# Read last, so that it overrules the machine's own: no package state but ours, no hooks.
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
    """Addresses of Debian's archive: the mirror named, else those that this machine's apt has.

    Raises TjugoError when there is none, or no way to use it.
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
    """Addresses of Debian's archive among the lines `site|release|component|origin` of apt-get.

    apt knows the origin only after an update. Third parties use other release or component names,
    and their signature would not pass anyway.
    """
    found: list[str] = []
    for line in indexes.splitlines():
        site, release, component, origin = [*line.split("|"), "", "", ""][:4]
        ours = component == "main" and release in _RELEASES and origin in ("Debian", "")
        if ours and site not in found and not site.startswith("cdrom:"):
            found.append(site)
    return found


def apt_conf(work: Path, architecture: str | None = None) -> str:
    """What keeps apt to the folder `work`, for this machine's architecture or another."""
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

    Names may carry a version, like "pioasm=2.1.1-1". snapshot: the archive may be an old one,
    whose signature is as good as ever, but its date has passed. Raises TjugoError with apt's last
    words.
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
    """download() from the first mirror and suite with everything; the folder with the files.

    DEBIAN_MIRROR is tried in place of the machine's own mirrors. Raises TjugoError that names
    everything tried and why it would not do.
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
        "packages of Debian's archive could not be had:\n"
        + "\n".join(failures)
        + "\nDEBIAN_MIRROR=... names another mirror or a snapshot of Debian's archive."
    )


def reason(error: TjugoError) -> str:
    """The line that matters of what a failed apt has said: its first error."""
    lines = error.message.splitlines()
    return next((line for line in lines if line.startswith("E:")), lines[-1])
