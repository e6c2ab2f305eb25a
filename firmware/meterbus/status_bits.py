"""The names of the bits of `status`. A meter has no use for them, and keeps its heap."""

from . import codes

# (bit, name)
STATUS = (
    (codes.STATUS_COVER_OPEN, "cover_open"),
    (codes.STATUS_RELAY_CLOSED, "relay_closed"),
    (codes.STATUS_NOT_CONFIGURED, "not_configured"),
    (codes.STATUS_LEDGER_FAULT, "ledger_fault"),
    (codes.STATUS_RELAY_FAULT, "relay_fault"),
    (codes.STATUS_SAFE, "safe_mode"),
    (codes.STATUS_CRASHED, "crashed"),
    (codes.STATUS_TAMPER, "tamper"),
    (codes.STATUS_LOW_CREDIT, "low_credit"),
    (codes.STATUS_MALIGNANT, "malignant_load"),
    (codes.STATUS_METERING_FAULT, "metering_fault"),
)
