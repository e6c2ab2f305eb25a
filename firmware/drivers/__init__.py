"""Drivers, one chip or circuit per file. Buses and pins are arguments, results are integers."""
