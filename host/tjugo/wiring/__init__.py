"""Drawings and tables of how each board is wired, from its pin table."""
