"""Operators, roles, log-in, sessions and programs with keys."""
