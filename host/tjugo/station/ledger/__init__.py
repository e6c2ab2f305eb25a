"""The ledger: entries of double entry, balances, statements."""
