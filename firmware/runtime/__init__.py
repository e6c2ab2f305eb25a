"""What every board program shares: boot and recovery, the bus, the safe application."""
