"""STS tools for people: explanations, batches of tokens, a licensee's tables."""
