"""Selling: requests, tokens, and what is shown of them."""
