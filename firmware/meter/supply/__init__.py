"""The supply: reasons to be open, the relay, and the limits that open it."""
