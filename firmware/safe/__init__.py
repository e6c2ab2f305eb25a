"""What runs when the application cannot: it answers the bus, and leaves the console to an update."""
