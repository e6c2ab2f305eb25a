"""Drivers: a chip or circuit a file. Buses and pins come in as arguments, integers come out."""
