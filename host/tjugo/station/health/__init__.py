"""The health of the station, its broker, deliveries and backups."""
