"""Campaigns: one key change for many meters, such as the roll-over of the TID to a new base date.

A second person approves a campaign, or the key change of one meter, before it is planned.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, insert, select

from tjugo.errors import reason
from tjugo.key_register import KeyRegister, MeterConfig, value, written
from tjugo.station.audit import chain
from tjugo.station.operators import approvals
from tjugo.station.registry.meters import checked_drn, known_meter, meter_config
from tjugo.station.storage.tables import KeyChange, Meter, MeterKeyState
from tjugo.station.vending import change_rows, change_steps, key_delivery, targets
from tjugo.station.vending.why import checked_why
from tjugo.station.work import View, Work

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
_REMOVED = "removed"
_REGISTER = ("sgc", "krn", "kt", "ti", "ken", "bdt", "dkga")


def ask(
    work: Work,
    changes: Mapping[str, Any],
    drns: list[str] | None = None,
    where: Mapping[str, Any] | None = None,
    campaign: str | None = None,
) -> tuple[str, int]:
    """Ask for the approval of a key change. Return the number of the approval, and for how many
    meters it is now.

    changes: fields of the new key register; drns: the meters, or where: their present sgc, krn,
    kt, ti or bdt. Raise TjugoError when no meter can be changed so; Conflict while another key
    change of a meter waits for approval.
    """
    asked = {name: found for name, found in changes.items() if found is not None}
    if campaign is not None:
        _check_name(work, campaign)
    wanted = sorted({checked_drn(drn) for drn in drns or ()})
    numbers = [known_meter(work, drn, lock=True).drn for drn in wanted]
    chosen = {
        name: value(name, found) for name, found in (where or {}).items() if found is not None
    }
    if not numbers and not chosen:
        raise reason("campaign_invalid", "Which meters? Give their numbers, SGC or base date.")
    payload = {"changes": asked, "drns": numbers, "where": chosen, "campaign": campaign}
    _check_waiting(work, payload)
    count = len(_targets(work, payload))
    words = ", ".join(f"{name.upper()} {found}" for name, found in asked.items())
    of = f"campaign {campaign}" if campaign else f"meter {', '.join(numbers[:3])}"
    subject = f"{of}: {words}; {count} meter{'s' if count != 1 else ''}"
    return approvals.ask(work, change_steps.ASK, subject, payload), count


def _check_waiting(work: Work, payload: Mapping[str, Any]) -> None:
    drns, campaign, where = set(payload["drns"]), payload["campaign"], payload["where"]
    for other in approvals.payloads(work, change_steps.ASK):
        both = drns.intersection(other["drns"])
        if both:
            raise change_rows.waits(f"of meter {min(both)}")
        if campaign is not None and campaign == other["campaign"]:
            raise change_rows.waits(f"by the campaign {campaign}")
        if where and where == other["where"]:
            raise change_rows.waits("of the same present keys")


def _check_name(view: View, campaign: str) -> None:
    if not _NAME.fullmatch(campaign):
        raise reason(
            "campaign_invalid",
            "A campaign's name is 1 to 40 letters, digits, blanks, dots, hyphens.",
        )
    taken = select(KeyChange.drn).where(
        KeyChange.tenant_id == view.tenant_id, KeyChange.campaign == campaign
    )
    if view.session.scalar(taken.limit(1)) is not None:
        raise reason("campaign_exists", f"There is a campaign {campaign} already.")


def approved(work: Work, payload: dict[str, Any]) -> None:
    """Plan the key changes that were approved. payload: see ask()."""
    campaign = payload["campaign"]
    found = _targets(work, payload)
    numbers = _last_numbers(work)
    rows = [
        {
            "tenant_id": work.tenant_id,
            "drn": drn,
            "number": numbers.get(drn, 0) + 1,
            "state": change_rows.PLANNED,
            "campaign": campaign,
            "target": targets.as_text(target),
            "planned_by": work.actor[:80],
            "planned_at": work.now(),
        }
        for drn, target in found.items()
    ]
    work.session.execute(insert(KeyChange), rows)
    subject = f"campaign {campaign}" if campaign else f"meter {rows[0]['drn']}"
    chain.record(
        work,
        change_steps.ASK,
        subject,
        f"planned for {len(rows)} meter{'s' if len(rows) != 1 else ''}",
    )


def _targets(work: Work, payload: Mapping[str, Any]) -> dict[str, KeyRegister]:
    """Return the target of each meter. A meter named by its number must be changeable; of the
    others, those whose key change is open or that have the target already are left out."""
    changes, found = payload["changes"], {}
    for drn in payload["drns"]:
        meter = known_meter(work, drn)
        if change_rows.open_change(work, meter.drn) is not None:
            raise change_rows.already_open(meter.drn)
        found[meter.drn] = targets.target_of(work, meter_config(work, meter), changes)
    of_register: dict[MeterConfig, KeyRegister | None] = {}
    for config in _chosen(work, payload["where"]):
        like = targets.with_register(_ANY, config)
        if like not in of_register:
            of_register[like] = _target_or_none(work, config, changes)
        target = of_register[like]
        if target is not None:
            found[config.drn] = target
    if not found:
        raise reason("campaign_invalid", "No meter is to be changed so.")
    return found


_ANY = MeterConfig("00000000000")


def _target_or_none(
    work: Work, config: MeterConfig, changes: Mapping[str, Any]
) -> KeyRegister | None:
    """Return the target, None when the meter has it already. Raise TjugoError."""
    if all(getattr(config, name) == value(name, found) for name, found in changes.items()):
        return None
    return targets.target_of(work, config, changes)


def _chosen(view: View, where: Mapping[str, Any]) -> Iterator[MeterConfig]:
    """Yield the meters in use with this present register and no open key change."""
    if not where:
        return
    busy = select(KeyChange.drn).where(
        KeyChange.tenant_id == view.tenant_id, KeyChange.state.in_(change_rows.OPEN)
    )
    state = MeterKeyState
    query = (
        select(Meter, state)
        .join(state, (state.tenant_id == Meter.tenant_id) & (state.drn == Meter.drn))
        .where(
            Meter.tenant_id == view.tenant_id,
            Meter.status != _REMOVED,
            Meter.drn.not_in(busy),
            state.phase == "current",
        )
    )
    for name, found in where.items():
        column = getattr(state, name)
        query = query.where(column == (written(name, found) if name in ("sgc", "ti") else found))
    for meter, key in view.session.execute(query.order_by(Meter.drn)):
        columns = {name: getattr(key, name) for name in _REGISTER}
        yield MeterConfig(meter.drn, meter.tct, ea=meter.ea, **columns)


def _last_numbers(view: View) -> dict[str, int]:
    query = select(KeyChange.drn, func.max(KeyChange.number)).group_by(KeyChange.drn)
    rows = view.session.execute(query.where(KeyChange.tenant_id == view.tenant_id))
    return {row[0]: row[1] for row in rows}


def ask_cancel(work: Work, drn: str, why: str) -> str | None:
    """Cancel the planned key change of a meter; for an issued one ask for the approval, and return
    its number. Raise TjugoError."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    change = change_rows.open_change(work, meter.drn)
    if change is None or change.state == change_rows.PLANNED:
        change_steps.cancel(work, meter.drn, why)
        return None
    key_delivery.check_ended(work, change)
    why = checked_why(why)
    if any(other["drn"] == meter.drn for other in approvals.payloads(work, change_steps.CANCEL)):
        raise reason(
            "key_change_open",
            f"The cancellation of the key change of meter {meter.drn} waits for approval already.",
        )
    payload = {"drn": meter.drn, "number": change.number, "why": why[:200]}
    subject = f"meter {meter.drn}: the key change tokens are not used: {why}"
    return approvals.ask(work, change_steps.CANCEL, subject, payload)


def cancel_approved(work: Work, payload: dict[str, Any]) -> None:
    """Cancel an issued key change. payload: drn, number, why. Raise TjugoError unless it is
    open still."""
    change = change_rows.open_change(work, payload["drn"])
    if change is None or change.number != payload["number"]:
        raise reason("key_change_unknown", "This key change is not open any more.")
    change_steps.cancel_issued(work, payload["drn"], payload["why"])


_MAY = "keychange.approve"
approvals.register(approvals.Action(change_steps.ASK, approved, _MAY, "Plan a key change"))
approvals.register(
    approvals.Action(change_steps.CANCEL, cancel_approved, _MAY, "Cancel a key change")
)
