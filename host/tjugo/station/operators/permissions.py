"""What the roles and the API's scopes may do: one table of actions.

An action is named `<resource>.<verb>`; it is the name that routes, services and audit events use.
`x.see` only reads: an auditor has these and nothing else.
"""

from dataclasses import dataclass

from tjugo.errors import reason
from tjugo.station.storage.tables import ROLES

CASHIER, SUPERVISOR, ENGINEER, FINANCE, ADMINISTRATOR, AUDITOR = ROLES

# The columns: the first letters of the roles that have it besides the administrator, who has all:
# c cashier, s supervisor, e engineer, f finance, a auditor.
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("customers.see", "csefa", "look up customers"),
    ("customers.edit", "se", "register and change customers"),
    ("meters.see", "csefa", "look up meters"),
    ("meters.edit", "e", "register and change meters"),
    ("meters.link", "se", "link a meter to a customer"),
    ("collectors.see", "sea", "see collectors and readings"),
    ("registry.import", "e", "import customers and meters"),
    ("registry.export", "sefa", "export customers and meters"),
    ("sales.see", "csefa", "see sales and their tokens"),
    ("all_sales.see", "csefa", "see the sales of others"),
    ("sales.sell", "cs", "sell"),
    ("sales.reprint", "cs", "print a receipt again"),
    ("sales.void", "s", "void a sale, or write a credit note"),
    ("sales.free", "s", "issue free units"),
    ("sales.replace", "s", "replace a token or a meter's credit"),
    ("approvals.see", "sefa", "see what waits for a second person"),
    ("approvals.decide", "sef", "approve or refuse what another person asked for"),
    ("tariffs.see", "csefa", "see tariffs and prices"),
    ("tariffs.propose", "f", "propose a tariff"),
    ("tariffs.approve", "f", "approve a tariff"),
    ("tariffs.assign", "sf", "assign a tariff to a meter"),
    ("debts.see", "csfa", "see debts"),
    ("debts.edit", "sf", "record, change and write off debts"),
    ("ledger.see", "fa", "see the ledger, balances and statements"),
    ("ledger.post", "f", "post corrections and opening balances"),
    ("reports.see", "sfa", "see reports"),
    ("shifts.own", "csf", "open and close one's own shift"),
    ("shifts.see", "sfa", "see all shifts"),
    ("shifts.close", "sf", "close another person's shift"),
    ("banking.edit", "sf", "make banking batches and deposits"),
    ("vendors.see", "sfa", "see vendors and their statements"),
    ("vendors.edit", "f", "change vendors, their credit and commission"),
    ("outlets.see", "sefa", "see outlets and printers"),
    ("outlets.edit", "", "change outlets and printers"),
    ("engineering.see", "sea", "see engineering tokens and key changes"),
    ("engineering.ask", "e", "ask for an engineering token"),
    ("engineering.issue", "e", "issue an engineering token of low risk"),
    ("engineering.approve", "se", "approve an engineering token"),
    ("orders.see", "sea", "see orders to meters"),
    ("orders.ask", "se", "order a meter to open, close or change its settings, and cancel that"),
    ("keychange.ask", "e", "ask for a key change"),
    ("keychange.approve", "se", "approve a key change"),
    ("keychange.confirm", "se", "confirm that a meter has its new key"),
    ("keys.see", "ea", "see the register of vending keys, without the keys"),
    ("keys.edit", "", "seal, import, export and recover vending keys"),
    ("keys.hold", "sef", "be one of the two people when vending keys come, go or are recovered"),
    ("keys.unlock", "s", "unlock and lock the vending keys"),
    ("lab.use", "ea", "use the token lab"),
    ("lab.meter_key", "e", "use a registered meter's key in the token lab"),
    ("bench.see", "csefa", "see the bench"),
    ("bench.use", "csef", "operate the bench"),
    ("settings.see", "sefa", "see the settings"),
    ("settings.edit", "", "change the settings"),
    ("clock.confirm", "", "confirm the clock"),
    ("tids.repair", "", "repair TIDs issued under a wrong clock"),
    ("status.see", "csefa", "see the health of the station"),
    ("operators.see", "a", "see operators"),
    ("operators.edit", "", "add and change operators"),
    ("clients.see", "a", "see API clients"),
    ("clients.edit", "", "add and change API clients"),
    ("webhooks.see", "a", "see webhooks and their messages"),
    ("webhooks.edit", "", "change webhooks"),
    ("audit.see", "a", "read the audit events"),
)

ACTIONS = {action: title for action, _, title in _TABLE}
"""All actions with a title for people."""

_LETTERS = {CASHIER: "c", SUPERVISOR: "s", ENGINEER: "e", FINANCE: "f", AUDITOR: "a"}


def _of(role: str) -> frozenset[str]:
    if role == ADMINISTRATOR:
        return frozenset(ACTIONS)
    return frozenset(action for action, roles, _ in _TABLE if _LETTERS[role] in roles)


PERMISSIONS = {role: _of(role) for role in ROLES}
"""The actions of each role."""

SCOPES: dict[str, tuple[str, ...]] = {
    "read": (
        *("customers.see", "meters.see", "sales.see", "all_sales.see", "tariffs.see", "debts.see"),
        "status.see",
    ),
    "sell": ("customers.see", "meters.see", "sales.see", "sales.sell"),
    "reprint": ("sales.see", "sales.reprint"),
    "void": ("sales.see", "sales.void"),
    "free": ("sales.see", "sales.free"),
    "register": ("customers.see", "customers.edit", "meters.see", "meters.edit", "meters.link"),
    "collect": ("collectors.see", "meters.see"),
    "engineering": (
        *("meters.see", "engineering.see", "engineering.ask", "keychange.ask"),
        *("orders.see", "orders.ask"),
    ),
    "money": ("ledger.see", "reports.see", "shifts.see", "vendors.see", "banking.edit"),
    "audit": ("audit.see",),
}
"""The actions of each scope of an API client. Without `all_sales.see` it has to do with its own
sales only."""


@dataclass(frozen=True)
class Person:
    """Who acts: an operator, an API client, or the person at a station without log-in.

    operator: the name to log in with, "" for others; actor: as it is recorded; actions: what the
    person may do. Limits in minor units of the currency, None for no limit: sale_limit of one
    sale, day_limit of all sales of a day. must_change, must_set_factor: before anything else the
    password is to be changed, a second factor to be set.
    """

    actor: str
    name: str
    role: str
    actions: frozenset[str]
    operator: str = ""
    outlet: str | None = None
    language: str | None = None
    sale_limit: int | None = None
    day_limit: int | None = None
    must_change: bool = False
    has_totp: bool = False
    must_set_factor: bool = False

    @property
    def must_begin(self) -> bool:
        """Whether the person has to complete the own account before anything else."""
        return self.must_change or self.must_set_factor

    def may(self, action: str) -> bool:
        """Return whether the person may do this."""
        return action in self.actions


def visitor(role: str, actor: str, name: str) -> Person:
    """Return a person who acts in a role without being an operator."""
    return Person(actor, name, role, PERMISSIONS[role])


LOCAL = visitor(ADMINISTRATOR, "local", "Local administrator")
"""The person at a station without operators, which listens on this machine only."""


def check(person: Person, action: str) -> None:
    """Raise NotPermitted unless the person may do this. action: one of ACTIONS."""
    if action not in ACTIONS:
        raise ValueError(action)
    if not person.may(action):
        raise reason("not_permitted", f"{person.name} ({person.role}) may not {ACTIONS[action]}.")
