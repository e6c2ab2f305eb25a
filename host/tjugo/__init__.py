"""Tjugo's master station and every tool a person runs."""

__version__ = "0.1.0"
