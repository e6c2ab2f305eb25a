"""Backup of a running station to one file, and restoring from such a file."""
