"""A utility for the test of a cashier's day: tariff, customers, a debt, operators, a printer."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import people_kit
import pyotp
from station_kit import drn

from tjugo.key_register import VendingKey
from tjugo.paths import VENDING_KEYS
from tjugo.station.keys import store
from tjugo.station.receipts import printers
from tjugo.station.receipts.printers import Printer
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.setup.service import set_up
from tjugo.station.setup.utility import Utility
from tjugo.station.station import Station
from tjugo.station.tariffs import assignment, versions
from tjugo.station.tariffs.debts import open_debt
from tjugo.station.tariffs.model import Blocks, Step, TariffRules, Tax

UTILITY = Utility(
    "Société d'Énergie de Mboro",
    "12 Rue du Marché, Mboro",
    "SN-004512",
    "+221 33 955 00 00",
    time_zone="Africa/Dakar",
)
RULES = TariffRules(
    "EUR",
    Blocks((Step(Decimal("0.10"), 500), Step(Decimal("0.25")))),
    energy_tax="vat",
    taxes=(Tax("vat", "VAT", Decimal(18)),),
)
"""The first 50 kWh of a month are cheap."""
DEBT = 4000
DEBT_SHARE = 2500
"""A quarter of what is tendered, in hundredths of a percent."""
PRINTER = "counter"
PEOPLE = {"awa": "cashier", "samba": "supervisor", "eli": "engineer", "odile": "auditor"}
NAMES = {"Awa Diop": "12 Rue de la Gare", "Moussa Ndiaye": "4 Avenue du Port"}


@dataclass(frozen=True)
class Day:
    """The station of the day. code: of the cashier's second factor; owing: the DRN of Moussa
    Ndiaye, who has the debt; paper: what the printer has printed."""

    station: Station
    code: pyotp.TOTP
    other: str
    owing: str
    account: str
    paper: Path


def begin(folder: Path, database_url: str | None) -> Day:
    """Set the utility up, with a second vending key for a change of key."""
    station = set_up(folder, UTILITY, database_url=database_url)
    store.add_keys(folder / VENDING_KEYS, [VendingKey(sgc=123457, krn=2, vk="22" * 20)])
    people_kit.add(station, "grace")
    for operator, role in PEOPLE.items():
        people_kit.add(station, operator, role)
    code, _ = people_kit.add_factor(station, "awa")
    accounts = []
    with station.work("op:grace") as work:
        version = versions.propose(work, "household", RULES, name="Household")
        for number, (name, address) in enumerate(NAMES.items(), 1):
            add_meter(work, NewMeter(drn(number)))
            accounts.append(add_customer(work, name, address=address))
            link_meter(work, drn(number), accounts[-1], address)
        open_debt(work, accounts[1], "Arrears of 2025", DEBT, rate=DEBT_SHARE)
    with station.work("op:samba") as work:
        versions.approve(work, "household", version)
        assignment.set_default(work, "household")
    paper = folder.parent / "paper"
    printers.add(folder, Printer(PRINTER, "file", str(paper), "epson-80"))
    return Day(station, code, drn(1), drn(2), accounts[1], paper)
