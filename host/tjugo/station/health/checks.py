"""What the doctor checks, without I/O: facts in, lines out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tjugo.paths import SECRET_FILES
from tjugo.sealed_keys import KEY_FILE, PASSPHRASE
from tjugo.station.health.views import BACKUP_DUE
from tjugo.station.keys.views import ENDED, LIMIT_REACHED, KeysView
from tjugo.station.link import views as link_views
from tjugo.station.operators.people import OperatorView
from tjugo.station.operators.permissions import ADMINISTRATOR
from tjugo.station.storage.moments import iso
from uplink import topics

OK, WARN, FAIL = "ok", "warn", "fail"
_GB, _MB = 10**9, 10**6
_DISK_WARN, _DISK_FAIL = 2 * _GB, 200 * _MB
_CERTIFICATE_DUE = timedelta(days=30)
_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """A line of the doctor's page. level: ok, warn or fail; what: the thing that was checked."""

    level: str
    what: str
    sentence: str


def disk(free: int) -> list[Check]:
    """Check the free bytes of the disk with the state folder."""
    if free < _DISK_FAIL:
        text = f"Only {free // _MB} MB are free: nothing can be sold when the disk is full."
        return [Check(FAIL, "disk", text)]
    shown = f"{free / _GB:.1f} GB are free"
    if free < _DISK_WARN:
        return [Check(WARN, "disk", f"Only {shown}: make room.")]
    return [Check(OK, "disk", f"{shown}.")]


def folder(name: str, mode: int, mine: bool, shared: Sequence[str]) -> list[Check]:
    """Check the state folder. mode: its permissions; mine: it belongs to the user of this process;
    shared: files in it with permissions for others."""
    found = []
    if not mine:
        text = f"{name} belongs to another user: run this as the station's user."
        found.append(Check(FAIL, "folder", text))
    if mode & 0o022:
        text = f"Others may write in {name}: run `chmod 700 {name}`."
        found.append(Check(FAIL, "folder", text))
    elif mode & 0o077:
        text = f"Others may list {name}: run `chmod 700 {name}`."
        found.append(Check(WARN, "folder", text))
    secret = [one for one in shared if one in SECRET_FILES]
    if secret:
        text = (
            f"Others may read {_listed(secret)}, and may know what it holds; it is not used until "
            "you run `chmod 600` on it."
        )
        found.append(Check(FAIL, "folder", text))
    if len(shared) > len(secret):
        left = _listed([one for one in shared if one not in secret])
        text = f"Others have permissions for {left}: the next start removes them."
        found.append(Check(WARN, "folder", text))
    return found or [Check(OK, "folder", f"{name} is private.")]


def schema(name: str, found: str | None, ours: str) -> list[Check]:
    """Check the schema of a database before it is opened; no line when it is this version's."""
    if found == ours:
        return []
    if found is None:
        text = f"There is no station in {name}: restore it from a backup."
        return [Check(FAIL, "database", text)]
    if found > ours:
        text = f"{name} has schema {found}, of a newer version of Tjugo; this one has {ours}."
        return [Check(FAIL, "database", text)]
    text = f"{name} has schema {found}: the next start upgrades it to {ours}. Make a backup first."
    return [Check(WARN, "database", text)]


def database(edition: str, ours: str, wrong: Sequence[str] | None) -> list[Check]:
    """Check the integrity. edition: what the database is; wrong: what a full check found, None
    without one."""
    if wrong:
        return [Check(FAIL, "database", f"The database is damaged: {_listed(wrong)}.")]
    checked = "" if wrong is None else ", every page checked"
    return [Check(OK, "database", f"{edition}, schema {ours}{checked}.")]


def backup(made: datetime | None, now: datetime) -> list[Check]:
    """Check when the last backup was made."""
    if made is None:
        return [Check(WARN, "backup", "No backup was made: `tjugo backup FILE`.")]
    if now - made > BACKUP_DUE:
        text = f"The last backup is of {iso(made)}, {(now - made).days} days ago."
        return [Check(WARN, "backup", text)]
    return [Check(OK, "backup", f"The last backup is of {iso(made)}.")]


def clock(problem: str | None, now: datetime) -> list[Check]:
    """Check the clock; problem: of clock.state()."""
    if problem is not None:
        return [Check(FAIL, "clock", f"{problem} Set it, or run `tjugo clock confirm`.")]
    return [Check(OK, "clock", f"It reads {iso(now)}.")]


def keys(found: KeysView, sample: bool) -> list[Check]:
    """Check the vending keys. found: after unlocking by the key file or credential, where there is
    one; sample: no key is the utility's own."""
    lines = []
    if sample:
        text = "They are sample keys, for trials only: `tjugo key import` brings the utility's."
        lines.append(Check(WARN, "keys", text))
    elif not found.sealed:
        text = "They are stored unsealed: `tjugo key seal` encrypts them."
        lines.append(Check(FAIL, "keys", text))
    elif found.locked:
        opens = "a person unlocks them after each start"
        if KEY_FILE in found.locks and PASSPHRASE not in found.locks:
            opens = "only their key file opens them, at each start"
        text = f"They are sealed; {opens} (no key file is given)."
        lines.append(Check(OK, "keys", text))
    else:
        lines.append(Check(OK, "keys", "They are sealed, and can be unlocked."))
    for key in found.keys:
        level = FAIL if key.state in (ENDED, LIMIT_REACHED) else WARN
        lines += [Check(level, "keys", warning) for warning in key.warnings]
    return lines


def tariffs(default: str | None, in_effect: Mapping[str, bool]) -> list[Check]:
    """Check the tariffs in use. in_effect: by code, whether a version of it is."""
    if default is None:
        text = "There is no tariff for meters without their own: `tjugo tariff propose`."
        return [Check(FAIL, "tariff", text)]
    missing = sorted(code for code, found in in_effect.items() if not found)
    if missing:
        text = f"No version is in effect of {_listed(missing)}: its meters cannot buy."
        return [Check(FAIL, "tariff", text)]
    return [Check(OK, "tariff", f"In effect: {_listed(sorted(in_effect))}.")]


def utility(name: str, trial: str, address: str | None, tax_no: str | None) -> list[Check]:
    """Check the particulars that receipts need. trial: the name of a station to try."""
    if name == trial:
        text = "The station has no name of a utility yet: `tjugo utility set`."
        return [Check(WARN, "utility", text)]
    missing = [what for what, text in (("address", address), ("tax number", tax_no)) if not text]
    if missing:
        text = f"{name}: receipts lack its {' and '.join(missing)}: `tjugo utility set`."
        return [Check(WARN, "utility", text)]
    return [Check(OK, "utility", f"{name}.")]


def operators(rows: Iterable[OperatorView], people_key: bool) -> list[Check]:
    """Check the operators. people_key: the key of the second factors is there."""
    every = list(rows)
    active = [row for row in every if row.active]
    if not every:
        text = "Log-in is off: everyone at this computer is the administrator."
        return [Check(WARN, "operators", text)]
    lines = []
    if not people_key and any(row.second_factor for row in active):
        text = "people.key is missing, which second factors need: restore it from a backup."
        lines.append(Check(FAIL, "operators", text))
    administrators = [row for row in active if row.role == ADMINISTRATOR]
    without = [row.operator for row in administrators if not row.second_factor]
    if without:
        text = f"Administrators without a second factor: {_listed(without)}."
        lines.append(Check(WARN, "operators", text))
    if len(active) < 2:
        text = "There is one operator only: approvals need a second person."
        lines.append(Check(WARN, "operators", text))
    counted = f"Log-in is on: {len(active)} active, {len(administrators)} of them administrators."
    return lines or [Check(OK, "operators", counted)]


def counted(what: str, noun: str, count: int, wrong: Sequence[str] | None) -> list[Check]:
    """Check the audit chain, the ledger, the tokens or the sales. wrong: what the full check
    found, None without one."""
    if wrong:
        return [Check(FAIL, what, sentence) for sentence in wrong[:_SHOWN]]
    checked = "`--full` checks them" if wrong is None else "all checked"
    return [Check(OK, what, f"{count} {noun}; {checked}.")]


def link(found: link_views.LinkStatus) -> list[Check]:
    """Check the link to the MQTT broker and the collectors."""
    if found.state == link_views.FAILED:
        return [Check(FAIL, "link", found.sentence)]
    lines = [Check(OK if found.ok else WARN, "link", found.sentence)]
    if found.state == link_views.CONNECTED:
        lines += [
            Check(WARN, "link", f"Collector {one.collector}: {one.sentence}")
            for one in found.collectors
            if one.reachable is not True
        ]
    return lines


def collectors(names: Iterable[str]) -> list[Check]:
    """Check the names of the collectors that serve meters; no line when each can be one.

    Earlier versions accepted others, whose meters can never be reached.
    """
    wrong = [repr(name) for name in names if not topics.is_collector(name)]
    if not wrong:
        return []
    text = (
        f"No collector can have the name {_listed(wrong)}: it is {topics.ID_WORDS}. Give the "
        "meters another: `tjugo meter edit DRN --collector NAME`."
    )
    return [Check(WARN, "collectors", text)]


def certificate(ends: datetime | None, now: datetime) -> list[Check]:
    """Check the end of the certificate, None where none is used."""
    if ends is None:
        return [Check(OK, "certificate", "None: the station is served on this machine only.")]
    if ends <= now:
        text = f"It ended on {ends:%Y-%m-%d}: browsers refuse it."
        return [Check(FAIL, "certificate", text)]
    if ends - now < _CERTIFICATE_DUE:
        text = f"It ends on {ends:%Y-%m-%d}: renew it, a self-signed one by --new-certificate."
        return [Check(WARN, "certificate", text)]
    return [Check(OK, "certificate", f"It ends on {ends:%Y-%m-%d}.")]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
