"""The pages of the header, for each person those that the person may open."""

from tjugo.station.operators.permissions import Person
from tjugo.web.access import ACCESS, allows

NAVIGATION = (
    ("/bench", "Bench"),
    ("/sales", "Sales"),
    ("/till", "Till"),
    ("/meters", "Meters"),
    ("/customers", "Customers"),
    ("/engineering", "Engineering"),
    ("/key-changes", "Key changes"),
    ("/refused", "Refused token"),
    ("/tariffs", "Tariffs"),
    ("/shifts", "Shifts"),
    ("/banking", "Banking"),
    ("/sites", "Sites"),
    ("/import", "Import"),
    ("/exports", "Exports"),
    ("/approvals", "Approvals"),
    ("/keys", "Keys"),
    ("/lab", "Token lab"),
    ("/operators", "Operators"),
    ("/clients", "API clients"),
    ("/webhooks", "Webhooks"),
    ("/audit", "Audit"),
)
"""The pages of the header, in order."""


def navigation(person: Person | None, bench: bool) -> list[tuple[str, str]]:
    """Return the pages that the person may open, each with its name. bench: there is one."""
    if person is None or person.must_begin:
        return []
    return [
        (path, name)
        for path, name in NAVIGATION
        if allows(person, ACCESS["GET", path]) and (bench or path != "/bench")
    ]
