"""Whether the station, its broker, deliveries and backups are well."""
