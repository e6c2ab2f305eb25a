"""Customers and meters."""
