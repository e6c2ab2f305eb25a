"""What each route needs: one table for all pages and requests.

A route without a row is not reachable, and a test fails for it. The permission is PUBLIC, ACCOUNT
for every person who is logged in, or an action of tjugo.station.operators.permissions.
"""

import re
from functools import lru_cache

from starlette.routing import compile_path

from tjugo.station.operators.permissions import Person

PUBLIC = "public"
ACCOUNT = "account"

_TABLE = """
GET    /                                  account
GET    /static/{path:path}                public
GET    /login                             public
POST   /login                             public
GET    /login/factor                      public
POST   /login/factor                      public
POST   /logout                            account
GET    /account                           account
POST   /account/password                  account
POST   /account/factor/begin              account
POST   /account/factor                    account
POST   /account/codes                     account
GET    /setup                             operators.edit
POST   /setup                             operators.edit
GET    /operators                         operators.see
POST   /operators                         operators.edit
GET    /operators/{operator}              operators.see
POST   /operators/{operator}              operators.edit
POST   /operators/{operator}/active       operators.edit
POST   /operators/{operator}/password     operators.edit
POST   /operators/{operator}/factor       operators.edit
GET    /clients                           clients.see
POST   /clients                           clients.edit
POST   /clients/{client}/active           clients.edit
POST   /clients/{client}/key              clients.edit
GET    /webhooks                          webhooks.see
POST   /webhooks                          webhooks.edit
POST   /webhooks/{name}/active            webhooks.edit
POST   /webhooks/{name}/secret            webhooks.edit
POST   /webhooks/{name}/test              webhooks.edit
POST   /webhook-messages/{name}           webhooks.edit
GET    /approvals                         approvals.see
POST   /approvals/{approval}              approvals.decide
GET    /audit                             audit.see
GET    /sales                             sales.see
POST   /sales                             sales.sell
POST   /sales/{client}/{client_id}/void          sales.void
POST   /sales/{client}/{client_id}/credit-note   sales.void
POST   /customers/{account_no}/payments  sales.sell
GET    /receipts/{client}/{client_id}     sales.see
POST   /receipts/{client}/{client_id}     sales.reprint
GET    /meters                            meters.see
POST   /meters                            meters.edit
GET    /customers                         customers.see
POST   /customers                         customers.edit
GET    /engineering                       engineering.see
POST   /engineering                       engineering.ask
GET    /key-changes                       engineering.see
POST   /key-changes                       keychange.ask
POST   /key-changes/{drn}/issue           keychange.ask
POST   /key-changes/{drn}/send            keychange.ask
POST   /key-changes/{drn}/confirm         keychange.confirm
POST   /key-changes/{drn}/cancel          keychange.ask
GET    /refused                           sales.see
POST   /refused                           sales.see
POST   /refused/confirm                   keychange.confirm
POST   /refused/replace                   sales.sell
GET    /tariffs                           tariffs.see
POST   /tariffs                           tariffs.propose
POST   /tariffs/{tariff}/{version}        tariffs.approve
POST   /tariffs/{tariff}                  tariffs.assign
GET    /till                              shifts.own
POST   /till                              shifts.own
POST   /till/count                        shifts.own
POST   /till/close                        shifts.own
GET    /shifts                            shifts.see
GET    /shifts/{number}                   shifts.see
POST   /shifts/{number}/count             shifts.close
POST   /shifts/{number}/close             shifts.close
GET    /banking                           banking.edit
POST   /banking                           banking.edit
GET    /banking/{number}                  banking.edit
POST   /banking/{number}/deposits         banking.edit
GET    /customers/{account_no}            customers.see
POST   /customers/{account_no}            customers.edit
GET    /meters/{drn}                      meters.see
POST   /meters/{drn}                      meters.edit
POST   /meters/{drn}/link                 meters.link
POST   /meters/{drn}/orders               orders.ask
POST   /meters/{drn}/carry-over           meters.link
GET    /sites                             customers.see
POST   /sites                             customers.edit
GET    /import                            registry.import
POST   /import                            registry.import
GET    /exports                           registry.export
GET    /keys                              keys.see
POST   /keys                              keys.unlock
GET    /unlock                            keys.unlock
POST   /unlock                            keys.unlock
GET    /lab                               lab.use
GET    /bench                             bench.see
GET    /bench/events                      bench.see
GET    /bench/news                        bench.see
GET    /bench/state                       bench.see
GET    /bench/card                        bench.see
GET    /bench/meters/{drn}/records        bench.see
POST   /bench/meters/{drn}                bench.use
POST   /bench/meters/{drn}/options        bench.use
POST   /bench/kill                        bench.use
POST   /bench/speed                       bench.use
POST   /bench/bus                         bench.use
GET    /api/v1/openapi.json               account
GET    /api/v1/link                       status.see
POST   /api/v1/vends:trial                sales.sell
GET    /api/v1/vends:advice               sales.see
PUT    /api/v1/vends/{client_id}          sales.sell
GET    /api/v1/vends/{client_id}          sales.see
POST   /api/v1/vends/{client_id}:void     sales.void
PUT    /api/v1/credit-notes/{client_id}   sales.void
PUT    /api/v1/payments/{client_id}       sales.sell
GET    /api/v1/vends                      sales.see
GET    /api/v1/receipts/{client}/{client_id}          sales.see
GET    /api/v1/receipts/{client}/{client_id}/pdf      sales.see
POST   /api/v1/receipts/{client}/{client_id}/reprint  sales.reprint
GET    /api/v1/meters                     meters.see
GET    /api/v1/meters/{drn}               meters.see
POST   /api/v1/meters                     meters.edit
PATCH  /api/v1/meters/{drn}               meters.edit
POST   /api/v1/imports                    registry.import
GET    /api/v1/exports/{name}             registry.export
GET    /api/v1/customers                  customers.see
GET    /api/v1/customers/{account_no}     customers.see
GET    /api/v1/lookup                     customers.see
GET    /api/v1/meters/{drn}/history       meters.see
POST   /api/v1/meters/{drn}/replacement   meters.edit
POST   /api/v1/meters/{drn}/carry-over    meters.link
GET    /api/v1/sites                      customers.see
GET    /api/v1/sites/{site}               customers.see
POST   /api/v1/sites                      customers.edit
PATCH  /api/v1/sites/{site}               customers.edit
DELETE /api/v1/sites/{site}               customers.edit
POST   /api/v1/customers                  customers.edit
PATCH  /api/v1/customers/{account_no}     customers.edit
DELETE /api/v1/customers/{account_no}     customers.edit
GET    /api/v1/tariffs                    tariffs.see
POST   /api/v1/tariffs:preview            tariffs.see
GET    /api/v1/tariffs/{tariff}           tariffs.see
POST   /api/v1/tariffs/{tariff}/versions  tariffs.propose
GET    /api/v1/tariffs/{tariff}/versions/{version} tariffs.see
POST   /api/v1/tariffs/{tariff}/versions/{version}:approve tariffs.approve
POST   /api/v1/tariffs/{tariff}/versions/{version}:reject tariffs.approve
POST   /api/v1/tariffs/{tariff}/versions/{version}:withdraw tariffs.propose
PUT    /api/v1/meters/{drn}/tariff        tariffs.assign
GET    /api/v1/debts                      debts.see
POST   /api/v1/debts                      debts.edit
GET    /api/v1/debts/{account_no}/{debt_no} debts.see
PATCH  /api/v1/debts/{account_no}/{debt_no} debts.edit
POST   /api/v1/debts/{account_no}/{debt_no}:write-off debts.edit
GET    /api/v1/shifts                     shifts.see
GET    /api/v1/shifts/{number}            shifts.see
GET    /api/v1/batches                    shifts.see
GET    /api/v1/batches/{number}           shifts.see
POST   /api/v1/batches                    banking.edit
GET    /api/v1/deposits                   vendors.see
GET    /api/v1/deposits/{number}          vendors.see
POST   /api/v1/deposits                   banking.edit
POST   /api/v1/deposits/{number}/reversal banking.edit
GET    /api/v1/vendors                    vendors.see
GET    /api/v1/vendors/{vendor}/statement vendors.see
GET    /api/v1/outlets                    outlets.see
GET    /api/v1/ledger/{account}           ledger.see
GET    /api/v1/keys                       keys.see
POST   /api/v1/keys/unlock                keys.unlock
POST   /api/v1/keys/lock                  keys.unlock
GET    /api/v1/collectors                 collectors.see
GET    /api/v1/engineering-kinds          engineering.see
GET    /api/v1/engineering                engineering.see
GET    /api/v1/engineering/{client_id}    engineering.see
PUT    /api/v1/engineering/{client_id}    engineering.ask
GET    /api/v1/orders                     orders.see
GET    /api/v1/orders/{client_id}         orders.see
PUT    /api/v1/orders/{client_id}         orders.ask
POST   /api/v1/orders/{client_id}:cancel  orders.ask
GET    /api/v1/key-changes                engineering.see
POST   /api/v1/key-changes                keychange.ask
GET    /api/v1/key-change-campaigns       engineering.see
GET    /api/v1/base-dates                 engineering.see
GET    /api/v1/base-dates/{bdt}/meters    engineering.see
PUT    /api/v1/key-change-tokens/{client_id}  keychange.ask
POST   /api/v1/key-changes/{drn}/send     keychange.ask
POST   /api/v1/key-changes/{drn}/confirm  keychange.confirm
POST   /api/v1/key-changes/{drn}/cancel   keychange.ask
POST   /api/v1/key-changes/{drn}/accepted keychange.confirm
POST   /api/v1/refused-tokens             all_sales.see
POST   /api/v1/replacements               sales.sell
GET    /api/v1/webhooks                   webhooks.see
POST   /api/v1/webhooks                   webhooks.edit
PATCH  /api/v1/webhooks/{hook}            webhooks.edit
POST   /api/v1/webhooks/{hook}/secret     webhooks.edit
POST   /api/v1/webhooks/{hook}/test       webhooks.edit
GET    /api/v1/webhook-messages           webhooks.see
POST   /api/v1/webhook-messages/{message}:retry webhooks.edit
POST   /api/v1/lab/explain                lab.use
"""

ACCESS: dict[tuple[str, str], str] = {
    (method, path): permission
    for method, path, permission in (line.split() for line in _TABLE.strip().splitlines())
}
"""(method, path of the route) -> permission."""


def find(method: str, path: str) -> tuple[str, str] | None:
    """Return the row of a request: the key in ACCESS, None where the table has none."""
    rows = _rows(path)
    return (method, rows[method]) if method in rows else None


def known(path: str) -> bool:
    """Return whether the table has a row for the path, with any method."""
    return bool(_rows(path))


def allows(person: Person, permission: str) -> bool:
    """Return whether a person who is logged in has a permission of the table."""
    return permission in (PUBLIC, ACCOUNT) or person.may(permission)


def _beginning(path: str) -> str:
    """Return the first part of a path, the first three of /api/v1: no row has a variable there."""
    parts = path.split("/", 4)
    return "/".join(parts[: 4 if path.startswith("/api/") else 2])


def _compiled() -> dict[str, list[tuple[re.Pattern[str], str, str]]]:
    """Return the rows with variables by the beginning of their path."""
    found: dict[str, list[tuple[re.Pattern[str], str, str]]] = {}
    # A path that has more literal text is more specific: it comes first.
    for method, path in sorted(ACCESS, key=lambda row: (row[1].count("{"), -len(row[1]))):
        if "{" in path:
            row = (compile_path(path)[0], method, path)
            found.setdefault(_beginning(path), []).append(row)
    return found


_PATTERNS = _compiled()
_LITERAL: dict[str, dict[str, str]] = {}
for _method, _path in ACCESS:
    if "{" not in _path:
        _LITERAL.setdefault(_path, {})[_method] = _path


@lru_cache(maxsize=1024)
def _rows(path: str) -> dict[str, str]:
    """Return the rows of a path: method -> path of the route."""
    if path in _LITERAL:
        return _LITERAL[path]
    found: dict[str, str] = {}
    for pattern, method, route in _PATTERNS.get(_beginning(path), ()):
        if pattern.fullmatch(path):
            found.setdefault(method, route)
    return found
