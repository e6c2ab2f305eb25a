"""Vending: requests, tokens, and data about them for display."""
