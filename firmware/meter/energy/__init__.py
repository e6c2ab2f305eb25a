"""More energy than the imported one: exported energy, tariffs, maximum demand."""
