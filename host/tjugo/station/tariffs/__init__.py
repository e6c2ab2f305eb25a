"""Tariffs: versioned rules, prices by them, and debts that sales recover."""
