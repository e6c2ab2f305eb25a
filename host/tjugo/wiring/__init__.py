"""Wiring drawings and tables of each board, generated from its pin table."""
