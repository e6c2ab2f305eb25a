"""Emulated boards: building, running, power failures and inspection."""
