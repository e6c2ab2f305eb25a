"""The utility's particulars: name, address, tax number, currency, time zone, language."""

import re
from dataclasses import asdict, dataclass, fields, replace
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from tjugo import money
from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.receipts import texts
from tjugo.station.storage.tables import Sale, TariffVersion
from tjugo.station.work import View, Work

CHANGE = "settings.edit"
MARK = "SANDBOX"
"""The name of the utility of a sandbox begins so, also above its receipts."""
_LENGTHS = {"name": 200, "address": 400, "tax_no": 40, "phone": 40, "receipt_text": 400}


@dataclass(frozen=True)
class Utility:
    """currency: ISO 4217; time_zone: IANA; language: BCP 47, of receipts and pages, one that
    receipts are printed in; stations of early versions may have another. None: not given."""

    name: str
    address: str | None = None
    tax_no: str | None = None
    phone: str | None = None
    currency: str = "EUR"
    time_zone: str = "UTC"
    language: str = "en"
    receipt_text: str | None = None


def of(view: View) -> Utility:
    """Return the utility's particulars."""
    tenant = view.tenant
    return Utility(**{one.name: getattr(tenant, one.name) for one in fields(Utility)})


def change(work: Work, utility: Utility, repriced: bool = False) -> None:
    """Record the particulars. repriced: the caller has made sure that there are no amounts but the
    first tariff's, which it makes again. Raise TjugoError; Conflict for another currency than that
    of tariffs and sales, whose amounts would change their meaning."""
    tenant = work.tenant
    if tenant.sandbox and not utility.name.strip().startswith(MARK):
        utility = replace(utility, name=f"{MARK} {utility.name.strip()}")
    found = checked(utility, kept=tenant.language)
    other = found["currency"] != tenant.currency and not repriced
    if other and (_has(work, Sale) or _has(work, TariffVersion)):
        raise reason(
            "currency_in_use",
            f"The currency stays {tenant.currency}: tariffs and sales are in it. Another currency "
            "needs a new station, made by `tjugo init --currency`.",
        )
    changed = {name: value for name, value in found.items() if getattr(tenant, name) != value}
    if changed:
        work.change_tenant(**changed)
        chain.record(work, CHANGE, "station", ", ".join(sorted(changed)))


def _has(work: Work, table: type[Sale] | type[TariffVersion]) -> bool:
    return work.session.query(table).filter_by(tenant_id=work.tenant_id).first() is not None


def checked(utility: Utility, kept: str | None = None) -> dict[str, str | None]:
    """Return the particulars, trimmed, None for an empty one. kept: the language that the utility
    has, which may stay whatever it is. Raise TjugoError."""
    found: dict[str, str | None] = {}
    for name, value in asdict(utility).items():
        text = (value or "").strip()
        if len(text) > _LENGTHS.get(name, 60) or not text.replace("\n", " ").isprintable():
            raise reason("utility_invalid", f"The {_title(name)} is too long or not a text.")
        found[name] = text or None
    if found["name"] is None:
        raise reason("utility_invalid", "The utility needs a name.")
    money.exponent(utility.currency)
    try:
        ZoneInfo(utility.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise reason(
            "utility_invalid",
            f"There is no time zone {utility.time_zone!r}: write one such as Africa/Nairobi.",
        ) from error
    if utility.language != kept:
        _check_language(utility.language)
    return found


def _check_language(language: str) -> None:
    try:
        if re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", language):
            Locale.parse(language, sep="-")
            if texts.known(language):
                return
    except (UnknownLocaleError, ValueError):
        pass
    raise reason("utility_invalid", texts.unknown(language))


def _title(name: str) -> str:
    return {"tax_no": "tax number", "receipt_text": "text of receipts"}.get(name, name)
