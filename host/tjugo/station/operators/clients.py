"""API clients: programs with a key, scopes, and the networks they may come from."""

import hashlib
import ipaddress
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from tjugo.errors import reason
from tjugo.station.audit.chain import DONE, record
from tjugo.station.operators.permissions import SCOPES, Person
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import ApiClient, AuditEvent
from tjugo.station.work import View, Work

EDIT = "clients.edit"
PREFIX = "tjk_"
ROLE = "client"
_ADDED, _RENEWED = "added, scopes ", "new key"  # in the audit chain, which key_maker() reads
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.A)


@dataclass(frozen=True)
class ClientView:
    """An API client for JSON, without its key."""

    client: str
    name: str
    scopes: list[str]
    addresses: list[str]
    outlet: str
    active: bool
    created_at: str | None


def hash_of(key: str) -> str:
    """Return the hash of a key as it is kept: a key is random, and needs no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def add(
    work: Work,
    client: str,
    name: str,
    scopes: Sequence[str],
    addresses: Sequence[str] = (),
    outlet: str = "",
) -> str:
    """Add a client; return its key, the only time that it is readable. addresses: networks such as
    10.0.0.0/8 or 10.1.2.3; none: from everywhere. Raise TjugoError."""
    if not _NAME.fullmatch(client):
        raise reason(
            "client_invalid",
            "A client has 2 to 40 letters a to z, digits, dots, hyphens and underscores.",
        )
    if work.session.get(ApiClient, (work.tenant_id, client)) is not None:
        raise reason("client_exists", f"There is a client {client!r} already.")
    if not name.strip() or len(name) > 100:
        raise reason("client_invalid", "A client has a name of 1 to 100 characters.")
    key = _new_key()
    row = ApiClient(
        tenant_id=work.tenant_id,
        client=client,
        name=name.strip(),
        key_hash=hash_of(key),
        scopes=json.dumps(_scopes(scopes)),
        addresses=json.dumps(_networks(addresses)),
        outlet=outlet.strip()[:20],
        active=True,
        created_at=work.now(),
    )
    work.session.add(row)
    work.session.flush()
    detail = f"{_ADDED}{', '.join(sorted(scopes))}; from {', '.join(addresses) or 'anywhere'}"
    record(work, EDIT, f"client {client}", detail)
    return key


def renew(work: Work, client: str) -> str:
    """Replace the key of a client; return the new one. Raise NotFound."""
    key = _new_key()
    find(work, client).key_hash = hash_of(key)
    record(work, EDIT, f"client {client}", _RENEWED)
    return key


def key_maker(view: View, actor: str, at: datetime) -> str | None:
    """Return who made the key that a client (`api:shop`) had at a moment, as the audit chain has
    it: that person has seen the key. None for another actor, and where it is not known."""
    kind, _, client = actor.partition(":")
    if kind != "api":
        return None
    event = AuditEvent
    query = (
        select(event.actor)
        .where(event.tenant_id == view.tenant_id, event.subject == f"client {client}")
        .where(event.action == EDIT, event.outcome == DONE, event.at <= at)
        .where((event.detail == _RENEWED) | event.detail.startswith(_ADDED))
        .order_by(event.number.desc())
    )
    return view.session.scalars(query.limit(1)).first()


def set_active(work: Work, client: str, active: bool) -> None:
    """Stop a client, or let it continue. Raise NotFound."""
    find(work, client).active = active
    record(work, EDIT, f"client {client}", "activated" if active else "deactivated")


def find(view: View, client: str) -> ApiClient:
    """Return the row of a client. Raise NotFound."""
    row = view.session.get(ApiClient, (view.tenant_id, client))
    if row is None:
        raise reason("client_unknown", f"There is no client {client!r}.")
    return row


def clients(view: View) -> list[ClientView]:
    """Return all clients by name."""
    query = select(ApiClient).where(ApiClient.tenant_id == view.tenant_id)
    return [
        ClientView(
            *(row.client, row.name, json.loads(row.scopes), json.loads(row.addresses)),
            *(row.outlet, row.active, iso(row.created_at)),
        )
        for row in view.session.scalars(query.order_by(ApiClient.client))
    ]


def of_key(view: View, key: str, address: str) -> Person | None:
    """Return the client of a key as the person who acts; None for an unknown key, a client that is
    not active, or an address that is not permitted."""
    query = select(ApiClient).where(
        ApiClient.tenant_id == view.tenant_id, ApiClient.key_hash == hash_of(key)
    )
    row = view.session.scalars(query).first()
    if row is None or not row.active or not _permitted(json.loads(row.addresses), address):
        return None
    actions = frozenset(
        action for scope in json.loads(row.scopes) for action in SCOPES.get(scope, ())
    )
    return Person(f"api:{row.client}", row.name, ROLE, actions, outlet=row.outlet or None)


def _permitted(networks: Sequence[str], address: str) -> bool:
    if not networks:
        return True
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    # ::ffff:10.0.0.1 is how a socket for both families shows an IPv4 address.
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(network) for network in networks)


def _new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _scopes(given: Sequence[str]) -> list[str]:
    unknown = sorted(set(given) - set(SCOPES))
    if unknown or not given:
        what = f"There is no scope {unknown[0]!r}" if unknown else "A client has a scope"
        raise reason("client_invalid", f"{what}: {', '.join(SCOPES)}.")
    return sorted(set(given))


def _networks(given: Sequence[str]) -> list[str]:
    found = []
    for text in given:
        try:
            found.append(str(ipaddress.ip_network(text.strip())))
        except ValueError:
            raise reason(
                "client_invalid", f"{text!r} is not an address or network such as 10.0.0.0/8."
            ) from None
    if len(json.dumps(found)) > 1000:
        raise reason("client_invalid", "There are too many addresses.")
    return found
