"""Meters as text: a line of a list, and the full description of one meter."""

from collections.abc import Iterable
from typing import Any

from tjugo.counted import ENERGY, reported
from tjugo.station.readings import alarms
from tjugo.station.registry.history import LinkView, MeterHistory, StatusView
from tjugo.station.registry.views import MeterView


def line(row: MeterView) -> str:
    """Return a meter as a line of a list."""
    key = f"EA{row.ea} DKGA{row.dkga} SGC {row.sgc} KRN {row.krn} TI {row.ti}"
    customer = row.customer.name if row.customer else "-"
    counts = "" if row.counts == ENERGY else f"  counts {row.counts}"
    return f"{row.drn:13}  {row.status:9}  {key}  {row.collector or '-'}  {customer}{counts}"


def sheet(row: MeterView, past: MeterHistory) -> str:
    """Return the description of a meter, one fact per line."""
    served = row.customer
    facts: list[tuple[str, Any]] = [
        ("DRN", row.drn),
        ("status", row.status),
        ("counts", row.counts),
        ("customer", None if served is None else f"{served.name} ({served.account_no})"),
        ("service point", row.service_point),
        *([] if row.site is None else [("site", row.site)]),
        ("collector", row.collector),
        *((name.upper(), getattr(row, name)) for name in _REGISTER),
        *_reading(row.reading),
    ]
    lines = [f"{name:16}  {'-' if value is None else value}" for name, value in facts]
    lines += [f"{'served':16}  {_link(link)}" for link in past.links if link.until is not None]
    lines += [f"{'was set':16}  {status_line(change)}" for change in past.statuses]
    return "\n".join(lines)


_REGISTER = ("sgc", "krn", "kt", "ti", "ken", "bdt", "ea", "dkga", "tct")


def status_line(row: StatusView) -> str:
    """Return a change of status: when, to what, by whom, why."""
    return f"{row.at}  {row.status:9}  by {row.actor}{f': {row.reason}' if row.reason else ''}"


def _link(row: LinkView) -> str:
    place = f" at {row.service_point}" if row.service_point else ""
    site = f" ({row.site})" if row.site else ""
    return f"{row.name} ({row.account_no}){place}{site}, {row.since} to {row.until}"


def _reading(reading: dict[str, Any] | None) -> Iterable[tuple[str, Any]]:
    if reading is None:
        return [("latest reading", None)]
    return [
        ("latest reading", reading["received_at"]),
        ("alarms", _alarms(reading)),
        ("online", "yes" if reading["online"] else "no"),
        ("energy", _kwh(reading["energy_wh"])),
        ("credit", _credit(reading)),
        ("power", "unknown" if reading["power_w"] is None else f"{reading['power_w']} W"),
        ("contact", _CONTACT[reading["relay_closed"]]),
        ("fault", reading["fault"] or "none"),
    ]


_CONTACT = {None: "unknown", True: "closed", False: "open"}


def _alarms(reading: dict[str, Any]) -> str:
    if reading["alarms"] is None:
        return "unknown"
    return "; ".join(alarms.texts(reading)) or "none"


def _credit(reading: dict[str, Any]) -> str:
    if reading["credit_money"] is not None:
        return reported(reading["credit_money"], reading["currency"])
    return _kwh(reading["credit_wh"])


def _kwh(wh: int | None) -> str:
    """Return watt-hours in kWh; "unknown" for None."""
    if wh is None:
        return "unknown"
    sign = "-" if wh < 0 else ""
    return f"{sign}{abs(wh) // 1000}.{abs(wh) % 1000:03d} kWh"
