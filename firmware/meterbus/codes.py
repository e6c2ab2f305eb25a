"""The codes that travel as tables: reasons to be open, bits of `status`, events.

A code is never given a second meaning. docs/wire.md shows the same tables.
"""

# Bits of `open_reasons`, in order of priority: the first that is set is displayed.
# (bit, name, COSEM control_state, text)
REASONS = (
    (4, "ledger_fault", 0, "Memory fault"),
    (2, "not_configured", 0, "Not set up"),
    (1, "no_credit", 2, "No credit"),
)

# Bits of `status`. (bit, name, text)
STATUS = (
    (1, "cover_open", "the terminal cover is open"),
    (2, "relay_closed", "the relay contact is closed"),
    (4, "not_configured", "there is no usable `settings.json`"),
    (8, "ledger_fault", "the ledger cannot be read: credit and energy are not known"),
    (16, "relay_fault", "the relay contact is not where it was sent"),
    (32, "safe", "the safe application runs"),
    (64, "crashed", "there is a crash report"),
)

# (code, name, text)
EVENTS = (
    (1, "power_up", "the meter started"),
    (2, "cover_opened", "the terminal cover was opened"),
    (3, "cover_closed", "the terminal cover was closed"),
    (4, "relay_opened", "the relay contact opened"),
    (5, "relay_closed", "the relay contact closed"),
    (6, "relay_fault", "the relay contact did not follow its command"),
    (7, "token_accepted", "a token was accepted"),
    (8, "ledger_fault", "the ledger could not be read"),
    (9, "crashed", "the application ended with an exception"),
)
