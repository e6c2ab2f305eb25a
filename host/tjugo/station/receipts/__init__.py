"""Receipts: one model, shown, printed and made as PDF."""
