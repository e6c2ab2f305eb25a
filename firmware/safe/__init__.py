"""Runs when the application cannot: answers the bus, and leaves the console to an update."""
