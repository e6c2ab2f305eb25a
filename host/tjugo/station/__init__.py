"""The master station: sales, tokens, customers and meters, and the way of a token to its meter."""
