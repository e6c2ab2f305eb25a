"""Vendors, outlets, shifts, cash-up, banking and deposits."""
