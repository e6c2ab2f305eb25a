"""Tjugo's master station and every tool a person runs."""

from datetime import UTC, datetime

__version__ = "0.1.0"
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock can be before this; to be moved on with each release."""
