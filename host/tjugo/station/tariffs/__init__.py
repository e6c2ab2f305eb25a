"""Tariffs: pricing as pure functions, versions, approvals, debts and monthly charges."""
