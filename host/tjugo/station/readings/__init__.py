"""Reports from meters and collectors."""
