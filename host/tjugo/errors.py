"""Errors caused by the user or to be resolved by the user.

A reason has a code, for programs, and a sentence, for the user. The kind of the error (its class)
and the exit status of a command follow from the code; only `tjugo.web` maps kinds to HTTP
statuses.
"""


class TjugoError(Exception):
    """An error with a sentence for the user.

    message: what is wrong and, where useful, what to do. status: exit status of a command (2 for
    wrong usage). code: the reason for programs, one of CODES or the code of the class.
    """

    code = "invalid"

    def __init__(self, message: str, status: int = 1, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        if code is not None:
            self.code = code


class NotFound(TjugoError):
    """The named object does not exist."""

    code = "not_found"


class Conflict(TjugoError):
    """The request contradicts recorded data."""

    code = "conflict"


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
    "approval_decided": (Conflict, 1),
    "approval_own": (Conflict, 1),
    "approval_refused": (Conflict, 1),
    "approval_unknown": (NotFound, 1),
    "campaign_exists": (Conflict, 1),
    "campaign_invalid": (TjugoError, 2),
    "campaign_unknown": (NotFound, 1),
    "clock_doubtful": (Unavailable, 1),
    "collector_invalid": (TjugoError, 1),
    "customer_invalid": (TjugoError, 2),
    "drn_invalid": (TjugoError, 1),
    "engineering_invalid": (TjugoError, 2),
    "key_change_open": (Conflict, 1),
    "key_change_refused": (TjugoError, 1),
    "key_change_unknown": (NotFound, 1),
    "key_expired": (TjugoError, 1),
    "key_register_invalid": (TjugoError, 2),
    "meter_exists": (Conflict, 1),
    "meter_in_use": (Conflict, 1),
    "meter_not_installed": (Conflict, 1),
    "meter_not_linked": (Conflict, 1),
    "meter_removed": (Conflict, 1),
    "meter_status_invalid": (TjugoError, 1),
    "meter_unknown": (NotFound, 1),
    "page_invalid": (TjugoError, 1),
    "reason_invalid": (TjugoError, 2),
    "request_id_invalid": (TjugoError, 2),
    "request_id_used": (Conflict, 1),
    "replacement_refused": (Conflict, 1),
    "sale_unknown": (NotFound, 1),
    "service_point_invalid": (TjugoError, 1),
    "setting_invalid": (TjugoError, 2),
    "setting_unknown": (NotFound, 2),
    "station_exists": (Conflict, 1),
    "tid_exhausted": (TjugoError, 1),
    "tid_store_full": (Conflict, 1),
    "token_damaged": (Unavailable, 1),
    "token_refused": (TjugoError, 1),
    "token_unknown": (NotFound, 1),
    "vending_key_missing": (TjugoError, 1),
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
