"""The master station: sales, tokens, customers, meters, and the delivery of tokens to meters."""
