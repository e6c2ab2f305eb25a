"""Delivery of tokens to their meters."""
