"""From a token to its meter."""
