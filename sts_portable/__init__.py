"""STS (IEC 62055-41) tokens: one source for meters and vending. See README.md."""
