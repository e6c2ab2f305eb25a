"""Credit: the account, and what each token does to it."""
