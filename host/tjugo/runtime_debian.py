"""Debian's i386 MicroPython, fetched by the machine's own apt into the project's cache.

The 32-bit unix port comes closest to a board: there too, integers beyond 30 bits take heap.
Nothing outside the cache changes, and no right is needed: apt works on a state of its own, with
the signatures of Debian's archive checked as always. The program runs through its own loader.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

SUITE = "trixie"
MICROPYTHON = "micropython=1.25.0+ds-1"
LIBRARIES = ("libc6", "libffi8", "libgcc-s1", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FOLDER = "micropython-1.25.0-i386"

_LOADER = "ld-linux.so.2"
_MANIFEST = "manifest.json"
_APT_SECONDS = 600
_RELEASES = ("bookworm", SUITE, "forky", "oldstable", "stable", "testing", "sid", "unstable")

# Read last, so that it overrules the machine's own: no package state but ours, no hooks.
_APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "i386";
APT::Architectures {{ "i386"; }};
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


Check = Callable[[list[str]], object]  # of a command that runs MicroPython; raises FetchError


class FetchError(Exception):
    """A way to a MicroPython that does not lead to one; the text says why."""


class Fetcher:
    """The cache folder and how it is filled. mirror: instead of the machine's apt sources."""

    def __init__(self, cache: Path, say: Callable[[str], None], mirror: str | None = None) -> None:
        self._cache = cache
        self._say = say
        self._mirror = mirror

    def cached(self) -> list[str] | None:
        """argv of what is in the cache; None when nothing is, or not what was unpacked."""
        folder = self._cache / FOLDER
        if not folder.is_dir():
            return None
        if is_intact(folder):
            return argv_of(folder)
        self._say(f"{folder} is damaged: its checksums do not match. Fetching it again.")
        shutil.rmtree(folder)
        return None

    def fetch(self, check: Check) -> list[str]:
        """Download, unpack, `check` that it runs, and only then move it into the cache."""
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise FetchError(f"Debian's i386 package: this machine has no {tool}")
        if not KEYRING.is_file():
            raise FetchError(f"Debian's i386 package: {KEYRING} is missing")
        sites = [self._mirror] if self._mirror else debian_sites(_indexes())
        if not sites:
            raise FetchError("Debian's i386 package: this machine's apt has no Debian mirror")
        failures = []
        for site in sites:
            self._say(f"Fetching MicroPython for i386 ({SUITE}, 13 MB, once) from {site} ...")
            try:
                self._cache.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(dir=self._cache, prefix="fetch-") as work:
                    return self._fetch_from(site, Path(work), check)
            except (FetchError, OSError) as why:
                failures.append(str(why))
        raise FetchError("Debian's i386 package: " + "; ".join(failures))

    def _fetch_from(self, site: str, work: Path, check: Check) -> list[str]:
        _download(site, work)
        new = work / FOLDER
        _unpack(work, new)
        check(argv_of(new))
        final = self._cache / FOLDER
        try:
            new.rename(final)
        except OSError:  # another process was faster
            if not is_intact(final):
                raise FetchError(f"{final} cannot be written") from None
        self._say("MicroPython is in place.")
        return argv_of(final)


def argv_of(folder: Path) -> list[str]:
    """The program through its own loader, so that the machine needs no i386 libraries."""
    lib = folder / "lib"
    return [str(lib / _LOADER), "--library-path", str(lib), str(folder / "micropython")]


def is_intact(folder: Path) -> bool:
    """Are the files those that were unpacked? By the sha256 written down then."""
    try:
        files = json.loads((folder / _MANIFEST).read_text())["files"]
        return bool(files) and all(_sha256(folder / name) == files[name] for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def debian_sites(indexes: str) -> list[str]:
    """Addresses of Debian's archive among the lines `site|release|component|origin` of apt-get.

    apt knows the origin only after an update. Third parties use other release or component names,
    and their signature would not pass anyway.
    """
    sites: list[str] = []
    for line in indexes.splitlines():
        site, release, component, origin = [*line.split("|"), "", "", ""][:4]
        ours = component == "main" and release in _RELEASES and origin in ("Debian", "")
        if ours and site not in sites and not site.startswith("cdrom:"):
            sites.append(site)
    return sites


def _indexes() -> str:
    form = "$(SITE)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    return _run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])


def _download(site: str, work: Path) -> None:
    for name in ("state", "lists/partial", "cache/archives/partial", "log", "debs"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    source = f"deb [signed-by={KEYRING} arch=i386] {site} {SUITE} main\n"
    (work / "sources.list").write_text(source)
    conf = work / "apt.conf"
    conf.write_text(_APT_CONF.format(work=work))
    apt = ["apt-get", "-q", "-c", str(conf)]
    _run([*apt, "update", "--error-on=any"])
    _run([*apt, "download", MICROPYTHON, *LIBRARIES], cwd=work / "debs")


def _unpack(work: Path, new: Path) -> None:
    """The few files that are needed out of the packages, with a manifest of their checksums."""
    root = work / "root"
    packages = sorted((work / "debs").glob("*.deb"))
    if len(packages) != 1 + len(LIBRARIES):
        raise FetchError(f"apt-get brought {len(packages)} packages of {1 + len(LIBRARIES)}")
    for package in packages:
        _run(["dpkg-deb", "-x", str(package), str(root)])
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


def _run(argv: list[str], cwd: Path | None = None) -> str:
    """Standard output of a program. FetchError with its last words when it fails."""
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_APT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{argv[0]}: {error}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise FetchError(f"{argv[0]}: {lines[0] if lines else f'exit status {done.returncode}'}")
    return done.stdout
