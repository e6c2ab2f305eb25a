"""What survives a power failure."""
