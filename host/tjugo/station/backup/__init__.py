"""A copy of a running station in one file, and a station from such a file."""
