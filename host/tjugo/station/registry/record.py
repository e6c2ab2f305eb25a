"""The registry's changes in the audit chain, and the names of the permissions that they need."""

from tjugo.station.audit import chain
from tjugo.station.work import Work

EDIT, IMPORT, EXPORT = "registry.edit", "registry.import", "registry.export"


def changed(work: Work, subject: str, detail: str, action: str = EDIT) -> None:
    """Record a change. subject: such as `meter 01000000016`."""
    chain.record(work, action, subject, detail)
