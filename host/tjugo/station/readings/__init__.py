"""What meters and collectors report."""
