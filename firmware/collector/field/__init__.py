"""Which meter is asked what, and when."""
