"""Errors caused by the user or to be resolved by the user.

A reason has a code, for programs, and a sentence, for the user. The kind of the error (its class)
and the exit status of a command follow from the code; only `tjugo.web` maps kinds to HTTP
statuses.
"""


class TjugoError(Exception):
    """An error with a sentence for the user.

    message: what is wrong and, where useful, what to do. status: exit status of a command (2 for
    wrong usage). code: the reason for programs, one of CODES or the code of the class. public: the
    sentence for those who do not administer the station, where the message names what they need
    not know, such as a folder; the message otherwise.
    """

    code = "invalid"

    def __init__(
        self, message: str, status: int = 1, code: str | None = None, public: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.public = message if public is None else public
        self.status = status
        if code is not None:
            self.code = code


class NotFound(TjugoError):
    """The named object does not exist."""

    code = "not_found"


class Conflict(TjugoError):
    """The request contradicts recorded data."""

    code = "conflict"


class NotLoggedIn(TjugoError):
    """The request needs a person who is logged in, or a valid key."""

    code = "not_logged_in"


class NotPermitted(TjugoError):
    """The person is known, and may not do this."""

    code = "not_permitted"


class TooMany(TjugoError):
    """Too many attempts; a later one may succeed."""

    code = "too_many"


class Unavailable(TjugoError):
    """The request is valid, but disk, database or key store cannot serve it now."""

    code = "unavailable"


CODES: dict[str, tuple[type[TjugoError], int]] = {
    "account_exists": (Conflict, 1),
    "account_in_use": (Conflict, 1),
    "account_invalid": (TjugoError, 1),
    "account_unknown": (NotFound, 1),
    "amount_invalid": (TjugoError, 2),
    "amount_over_limit": (TjugoError, 1),
    "amount_too_high": (TjugoError, 1),
    "amount_too_low": (TjugoError, 1),
    "approval_closed": (Conflict, 1),
    "approval_own": (NotPermitted, 1),
    "approval_refused": (Conflict, 1),
    "approval_unknown": (NotFound, 1),
    "bank_ref_invalid": (TjugoError, 2),
    "base_date_unknown": (NotFound, 1),
    "batch_empty": (Conflict, 1),
    "batch_unknown": (NotFound, 1),
    "campaign_exists": (Conflict, 1),
    "campaign_invalid": (TjugoError, 2),
    "campaign_unknown": (NotFound, 1),
    "client_exists": (Conflict, 1),
    "client_invalid": (TjugoError, 2),
    "client_unknown": (NotFound, 1),
    "clock_doubtful": (Unavailable, 1),
    "code_wrong": (NotLoggedIn, 1),
    "collector_invalid": (TjugoError, 1),
    "commission_invalid": (TjugoError, 2),
    "count_missing": (TjugoError, 2),
    "credit_limit_invalid": (TjugoError, 2),
    "currency_in_use": (Conflict, 1),
    "currency_unknown": (TjugoError, 2),
    "customer_invalid": (TjugoError, 2),
    "database_not_empty": (Conflict, 1),
    "days_invalid": (TjugoError, 2),
    "debt_closed": (Conflict, 1),
    "debt_invalid": (TjugoError, 2),
    "debt_unknown": (NotFound, 1),
    "deposit_exists": (Conflict, 1),
    "deposit_invalid": (TjugoError, 2),
    "deposit_reversed": (Conflict, 1),
    "deposit_too_much": (Conflict, 1),
    "deposit_unknown": (NotFound, 1),
    "drn_invalid": (TjugoError, 1),
    "engineering_invalid": (TjugoError, 2),
    "entry_not_reversible": (Conflict, 1),
    "entry_posted": (Conflict, 1),
    "entry_unknown": (NotFound, 1),
    "export_unknown": (NotFound, 2),
    "factor_needed": (NotPermitted, 1),
    "file_invalid": (TjugoError, 1),
    "free_not_due": (Conflict, 1),
    "key_change_open": (Conflict, 1),
    "key_change_refused": (TjugoError, 1),
    "key_change_unknown": (NotFound, 1),
    "key_counts_energy": (TjugoError, 1),
    "key_ended": (TjugoError, 1),
    "key_expired": (TjugoError, 1),
    "key_file_invalid": (TjugoError, 1),
    "key_is_default": (Conflict, 1),
    "key_limit_reached": (TjugoError, 1),
    "key_not_active": (TjugoError, 1),
    "key_not_sample": (Conflict, 1),
    "key_register_invalid": (TjugoError, 2),
    "keys_locked": (Unavailable, 1),
    "kind_invalid": (TjugoError, 2),
    "ledger_account_unknown": (NotFound, 1),
    "log_in_failed": (NotLoggedIn, 1),
    "lock_refused": (Conflict, 1),
    "mapping_invalid": (TjugoError, 2),
    "means_unknown": (TjugoError, 2),
    "meter_counts_fixed": (Conflict, 1),
    "meter_counts_invalid": (TjugoError, 2),
    "meter_exists": (Conflict, 1),
    "meter_in_use": (Conflict, 1),
    "meter_not_installed": (Conflict, 1),
    "meter_not_linked": (Conflict, 1),
    "meter_removed": (Conflict, 1),
    "meter_status_invalid": (TjugoError, 1),
    "meter_unknown": (NotFound, 1),
    "not_logged_in": (NotLoggedIn, 1),
    "not_permitted": (NotPermitted, 1),
    "operator_exists": (Conflict, 1),
    "operator_invalid": (TjugoError, 2),
    "operator_needed": (Conflict, 1),
    "operator_unknown": (NotFound, 1),
    "order_invalid": (TjugoError, 2),
    "order_needs_collector": (Conflict, 1),
    "order_sent": (Conflict, 1),
    "order_unknown": (NotFound, 1),
    "outlet_closed": (Conflict, 1),
    "outlet_exists": (Conflict, 1),
    "outlet_invalid": (TjugoError, 2),
    "outlet_unknown": (NotFound, 1),
    "page_invalid": (TjugoError, 1),
    "password_change_needed": (NotPermitted, 1),
    "password_invalid": (TjugoError, 1),
    "printer_exists": (Conflict, 1),
    "printer_invalid": (TjugoError, 2),
    "printer_unavailable": (Unavailable, 1),
    "printer_unknown": (NotFound, 2),
    "reason_invalid": (TjugoError, 2),
    "receipt_damaged": (Unavailable, 1),
    "receipt_unknown": (NotFound, 1),
    "receipt_void": (Conflict, 1),
    "replacement_refused": (Conflict, 1),
    "request_id_invalid": (TjugoError, 2),
    "request_id_used": (Conflict, 1),
    "sale_not_credited": (Conflict, 1),
    "sale_not_voided": (Conflict, 1),
    "sale_unknown": (NotFound, 1),
    "sale_void": (Conflict, 1),
    "seller_limit": (NotPermitted, 1),
    "service_point_invalid": (TjugoError, 1),
    "set_up_invalid": (TjugoError, 2),
    "setting_invalid": (TjugoError, 2),
    "setting_unknown": (NotFound, 2),
    "share_invalid": (TjugoError, 1),
    "shift_closed": (Conflict, 1),
    "shift_needed": (Conflict, 1),
    "shift_open": (Conflict, 1),
    "shift_unknown": (NotFound, 1),
    "site_exists": (Conflict, 1),
    "site_in_use": (Conflict, 1),
    "site_invalid": (TjugoError, 2),
    "site_unknown": (NotFound, 1),
    "station_exists": (Conflict, 1),
    "tariff_counts_energy": (Conflict, 1),
    "tariff_counts_money": (Conflict, 1),
    "tariff_decided": (Conflict, 1),
    "tariff_exists": (Conflict, 1),
    "tariff_invalid": (TjugoError, 2),
    "tariff_missing": (Unavailable, 1),
    "tariff_not_in_effect": (Conflict, 1),
    "tariff_same_person": (Conflict, 1),
    "tariff_unknown": (NotFound, 1),
    "tender_invalid": (TjugoError, 2),
    "tender_too_low": (TjugoError, 2),
    "tid_exhausted": (TjugoError, 1),
    "tid_store_full": (Conflict, 1),
    "till_changed": (Conflict, 1),
    "till_text_invalid": (TjugoError, 2),
    "token_damaged": (Unavailable, 1),
    "token_refused": (TjugoError, 1),
    "token_unknown": (NotFound, 1),
    "too_many": (TooMany, 1),
    "two_people_needed": (TjugoError, 1),
    "unlock_refused": (TjugoError, 1),
    "unlock_wait": (Unavailable, 1),
    "utility_invalid": (TjugoError, 2),
    "vending_key_missing": (TjugoError, 1),
    "vendor_credit": (Conflict, 1),
    "vendor_exists": (Conflict, 1),
    "vendor_invalid": (TjugoError, 2),
    "vendor_unknown": (NotFound, 1),
    "voucher_used": (Conflict, 1),
    "webhook_exists": (Conflict, 1),
    "webhook_invalid": (TjugoError, 2),
    "webhook_message_open": (Conflict, 1),
    "webhook_message_unknown": (NotFound, 1),
    "webhook_stopped": (Conflict, 1),
    "webhook_unknown": (NotFound, 1),
}
"""Reasons of the station's services: code to kind and exit status. Codes are recorded, so they
stay; an unknown one, of a later version, is read as `invalid`."""


def reason(code: str, message: str) -> TjugoError:
    """Return the error of a code, to be raised."""
    kind, status = CODES.get(code, (TjugoError, 1))
    return kind(message, status, code)


def plain(error: Exception) -> str:
    """Return the text of an StsError as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
