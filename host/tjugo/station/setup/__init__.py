"""Setting up a station: the utility, its first tariff, outlet and administrator."""
