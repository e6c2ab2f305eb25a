"""The registry's changes in the audit chain, and the names of the permissions that they need."""

from tjugo.station.audit import chain
from tjugo.station.work import Work

IMPORT, EXPORT = "registry.import", "registry.export"
CUSTOMER, METER, LINK = "customers.edit", "meters.edit", "meters.link"


def changed(work: Work, action: str, subject: str, detail: str) -> None:
    """Record a change. subject: such as `meter 01000000016`."""
    chain.record(work, action, subject, detail)
