"""Boards that are programs: built, run, cut off, and looked into."""
