"""STS tools: explanations, batches of tokens, test vectors."""
