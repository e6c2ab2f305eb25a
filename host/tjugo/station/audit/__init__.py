"""The audit chain: changes and refusals, each bound to the one before it."""
